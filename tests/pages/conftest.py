"""The app as a person sees it, run by AppTest on a database of the test cluster.

The person is passed to `st.user` under the name that the server's gate uses, so the
pages find out who is here exactly as they do behind it.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, delete, event, select, update
from sqlalchemy.orm import Session
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime import Runtime
from streamlit.runtime.context import ContextProxy
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import AppTest, app_test, local_script_runner
from streamlit.testing.v1.local_script_runner import (
    LocalScriptRunner,
    require_widgets_deltas,
)
from streamlit.util import calc_hash

from dashboard import wiring
from dashboard.ui.language import GERMAN, using_language
from dashboard.wiring import Wiring
from db.endpoints import Endpoints
from db.files.file_keys import FileKeys
from db.files.gridfs import FileStore
from db.models.audit import AuditEvent
from db.models.base import Base
from db.models.user import User
from db.mongo.audit_store import AuditStore
from db.mongo.draft_store import DraftStore
from db.mongo.limit_storage import LimitStorage
from db.postgres import SYSTEM, Database, Lsn, NoPrimary
from db.settings import Settings
from db.spool import Spool
from services.core.actor_database import ActorDatabase
from services.core.actors import Actor, Role
from services.core.audit_without_primary import AuditSpool
from services.documents import records
from services.documents.records.drafts import DraftDocument, StoredContent
from services.documents.records.model import DocumentRecord
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from services.people import sessions
from services.people.accounts import choose_language
from tests.conftest import Databases
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.kit.replicas import await_everywhere
from tests.pages.cluster_samples import EVERYTHING
from tests.services.pdf.samples import letter

_ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 30
# The time zone of everybody in these tests.
NETWORK = "192.0.2.7"
ORIGIN = "http://testserver"


@pytest.fixture(scope="session", autouse=True)
def once_for_all_runs() -> Iterator[None]:
    """Do once what AppTest does for each session, or for each run.

    It looks for packages that bring components, compiles every script, makes a mock
    with the spec of Streamlit's runtime, and checks every millisecond whether a run has
    ended.
    """
    manifests = manifest_scanner.scan_component_manifests()
    compiled, runtime = ScriptCache(), MagicMock(spec=Runtime)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", lambda: manifests)
        # One compiles the app's script, the other the scripts of its pages.
        for module in (local_script_runner, app_test):
            patch.setattr(module, "ScriptCache", lambda: compiled)
        # Each run sets the attributes that it uses.
        patch.setattr(app_test, "MagicMock", lambda **_: runtime)
        patch.setattr(local_script_runner, "require_widgets_deltas", _await_end)
        yield


@pytest.fixture(scope="session", autouse=True)
def no_page_breaks() -> Iterator[None]:
    """Fail a test as soon as one of its runs ends in an exception."""
    run_script = AppTest._run

    def run(app: AppTest, *args: Any, **how: Any) -> AppTest:
        run_script(app, *args, **how)
        assert not app.exception, "A run ended in an exception, which the log tells."
        return app

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AppTest, "_run", run)
        yield


def _await_end(runner: LocalScriptRunner, timeout: float) -> None:
    assert runner._script_thread is not None
    runner._script_thread.join(timeout)
    if not runner.script_stopped():
        # Stops the run and raises.
        require_widgets_deltas(runner, 0)


def page_file(page: str) -> str:
    """Return the file of a page, as the app's script would name it."""
    (path,) = (_ROOT / "pages").rglob(f"{page}.py")
    return f"../{path.relative_to(_ROOT)}"


def markdown_of(app: AppTest) -> str:
    """Return all Markdown on a page, which begins each element on a line of its own."""
    return "\n".join(element.value for element in app.markdown)


@dataclass(frozen=True)
class Clinic:
    """A clinic with one person of each role, and the app they look at."""

    wiring: Wiring
    cast: dict[Role, Actor]
    # The clinic's database as its owner sees it.
    engine: Engine
    position: dict[str, Lsn] = field(default_factory=dict)
    # The choices as they were before a test changed them.
    choices_before: list[dict[str, Any]] = field(default_factory=list)

    @property
    def clerk(self) -> Actor:
        """The person at the front desk."""
        return self.cast[Role.STAFF]

    def open(self, page: str, role: Role = Role.STAFF, **query: object) -> AppTest:
        """Open a page's address as somebody with the role."""
        return self.at_page(self.browser(role), page, **query).run()

    def go_to_address(self, url_path: str, role: Role = Role.STAFF) -> AppTest:
        """Open an address as a browser does, whether or not there is a page at it."""
        app = self.browser(role)
        app._page_hash = calc_hash(url_path)
        return app.run()

    def at_page(self, app: AppTest, page: str, **query: object) -> AppTest:
        """Start a new session at a page, without the first page before it."""
        if not any((_ROOT / "pages").rglob(f"{page}.py")):
            raise LookupError(f"There is no page {page}.")
        app.query_params.update({name: str(value) for name, value in query.items()})
        # `switch_page` knows a page only once the app has drawn one.
        app._page_hash = calc_hash("" if page == "home" else page)
        return app

    def audit(self, action: str) -> list[AuditEvent]:
        """Return an action's events in the audit log's outbox, in their order."""
        with Session(self.engine, expire_on_commit=False) as session:
            return events_of(session, action)

    def start(self, role: Role = Role.STAFF) -> AppTest:
        """Open the app's first page as somebody with the role."""
        return self.browser(role).run()

    def browser(self, role: Role = Role.STAFF) -> AppTest:
        """Return a session of somebody with the role that has opened nothing yet.

        It shows everything written so far, also in other sessions.
        """
        # Without a primary there is nothing new.
        with suppress(NoPrimary):
            self.write(_nothing)
        app = AppTest.from_file(
            _ROOT / "dashboard" / "app.py", default_timeout=_SECONDS
        )
        app.user = {"uid": str(self.cast[role].id)}
        return self.catch_up(app)

    def register(self, **fields: Any) -> PatientRecord:
        """Register a patient nobody could take for another, with these fields."""
        draft = cast.invent_patient(**fields)
        return self.write(
            lambda session: patients.register(
                session, self.clerk, draft, today=date(2026, 11, 20)
            )
        )

    def edit(self, patient: PatientRecord, **fields: Any) -> PatientRecord:
        """Change a patient as a colleague at another desk would."""
        draft = replace(patient.draft(), **fields)
        return self.write(
            lambda session: patients.edit(
                session,
                self.clerk,
                patient.id,
                draft,
                version=patient.version,
                today=date(2026, 11, 20),
            )
        )

    def get(self, patient_id: UUID) -> PatientRecord:
        """Return the patient as the primary has it now."""
        return self.write(
            lambda session: patients.get_patient(session, self.clerk, patient_id)
        )

    def receive(self, data: bytes) -> StoredContent:
        """Store a file as an upload does before it has a row."""
        return self.wiring.ingest.receive(BytesIO(data), "letter.pdf")

    def write(self, operation: Any) -> Any:
        """Run a write and return its value; pages opened later show it."""
        written = self.wiring.database.write(operation, identity=SYSTEM)
        self.position["lsn"] = written.lsn
        return written.value

    def read(self, operation: Callable[[Session], Any]) -> Any:
        """Read as the front desk, no earlier state than the last write's."""
        own = ActorDatabase(self.wiring.database, self.clerk)
        return own.read(operation, after=self.position["lsn"]).value

    def speak_german(self, *roles: Role) -> None:
        """Choose German for these roles, as people do on their own page."""
        for role in roles:
            self.choose(role, partial(choose_language, language=GERMAN))

    def choose(self, role: Role, choice: Callable[[Session, Actor], object]) -> None:
        """Choose a setting for the person with the role.

        It is undone at the end of the test; choices made in a module's fixture last for
        the module.
        """
        with Session(self.engine) as session:
            columns = select(User.id, User.language, User.name_order, User.list_density)
            person = session.execute(columns.where(User.id == self.cast[role].id)).one()
        self.choices_before.append(person._asdict())
        own = ActorDatabase(self.wiring.database, self.cast[role])
        written = own.write(lambda session: choice(session, own.actor))
        self.position["lsn"] = written.lsn
        # A cached person may have been read before they chose.
        await_everywhere(self.wiring.database)

    def undo_choices(self) -> None:
        """Restore everybody's choices from before the test."""
        if not self.choices_before:
            return
        with Session(self.engine) as session, session.begin():
            for person in reversed(self.choices_before):
                session.execute(update(User), [person])
        self.choices_before.clear()
        await_everywhere(self.wiring.database)

    def catch_up(self, app: AppTest) -> AppTest:
        """Make the pages of this session read nothing older than the last write."""
        if "lsn" in self.position:
            app.session_state["chartroom_lsn"] = self.position["lsn"]
        return app


@pytest.fixture(scope="module", autouse=True)
def _network() -> Iterator[None]:
    """Give people an address and an origin, which AppTest leaves out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ContextProxy, "ip_address", NETWORK)
        patch.setattr(ContextProxy, "headers", {"Origin": ORIGIN})
        yield


@pytest.fixture(scope="module")
def clinic(
    module_endpoints: Endpoints,
    module_engine: Engine,
    databases: Databases,
    file_keys: FileKeys,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Clinic]:
    """A clinic that the tests of a module share."""
    url, name = databases.mongo_url, f"test_{uuid4().hex}"
    with (
        closing(Database(module_endpoints)) as database,
        closing(FileStore(url, name, keys=file_keys)) as files,
        closing(AuditStore(module_endpoints.audit_url)) as audit,
        closing(LimitStorage(url)) as limits,
        closing(DraftStore(url, name, keys=file_keys)) as drafts,
    ):
        settings = Settings(data=tmp_path_factory.mktemp("data"))
        spool = AuditSpool(Spool(settings.data / "spool", file_keys))
        stores = (database, files, audit, limits, drafts, spool)
        # Without the launcher's control server: no test may break these servers.
        ours = replace(module_endpoints, control_url=None)
        wired = Wiring(settings, ours, *stores)
        wiring.use(wired)
        added = database.write(cast.add_demo, identity=SYSTEM)
        yield Clinic(wired, added.value, module_engine, {"lsn": added.lsn})
        wired.inspector.close()
        wired.changes.close()
        wired.monitor.close()
    databases.drop_files(name)


@pytest.fixture(autouse=True)
def _choices_of_one_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """Undo each test's choices after the test."""
    if "clinic" not in request.fixturenames:
        yield
        return
    clinic = request.getfixturevalue("clinic")
    clinic.choices_before.clear()
    yield
    clinic.undo_choices()


@pytest.fixture
def kept(clinic: Clinic) -> Iterator[Session]:
    """The clinic's database as its owner sees it; pages show what is committed here."""
    with Session(clinic.engine) as session:
        event.listen(session, "after_commit", lambda _: clinic.write(_nothing))
        yield session


@pytest.fixture
def uneventful(kept: Session) -> Iterator[None]:
    """Forget after a test what happened to the servers in it."""
    with forgetting(kept, *EVERYTHING):
        yield


@contextmanager
def forgetting(kept: Session, *tables: type[Base]) -> Iterator[None]:
    """Empty these tables, whatever a test leaves in them."""
    yield
    kept.rollback()
    for table in tables:
        kept.execute(delete(table))
    kept.commit()


def _nothing(_: Session) -> None:
    """Write nothing, to learn the position that shows what was just committed."""


@pytest.fixture
def file(clinic: Clinic) -> Callable[..., DocumentRecord]:
    """File a PDF as somebody with a role, without a page."""

    def file(
        data: bytes | None = None,
        *,
        role: Role = Role.STAFF,
        of: UUID | None = None,
        **facts: Any,
    ) -> DocumentRecord:
        content = clinic.receive(data or letter("Unlike any other"))
        draft = DraftDocument(patient_id=of, **facts)
        return clinic.write(
            lambda s: records.file(s, clinic.cast[role], draft, content)
        )

    return file


@pytest.fixture
def maya(clinic: Clinic) -> UUID:
    """The record of the patient in the cast."""
    patient_id = clinic.cast[Role.PATIENT].patient_id
    assert patient_id
    return patient_id


@pytest.fixture
def at_desk(clinic: Clinic, kept: Session) -> Callable[..., AppTest]:
    """Open a page as somebody who has just signed in, by default with a passkey."""

    def at_desk(
        page: str, role: Role, *, method: sessions.Method = "passkey", **query: object
    ) -> AppTest:
        app = clinic.browser(role)
        person = clinic.cast[role].id
        started = sessions.start(
            kept, person, method=method, network=None, browser=None
        )
        kept.commit()
        app.user = {"uid": str(person), "sid": str(started.id)}
        clinic.catch_up(app)
        return clinic.at_page(app, page, **query).run()

    return at_desk


@pytest.fixture
def confirmed(at_desk: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """Open a page as an administrator who has just used a passkey."""
    return partial(at_desk, role=Role.ADMIN)


@pytest.fixture
def patient(clinic: Clinic) -> PatientRecord:
    """A patient whom no other test uses."""
    return clinic.register()


@pytest.fixture(scope="module")
def doctor_id(clinic: Clinic) -> UUID:
    """The id of the doctor as whom the clinician signs in."""
    user_id = clinic.cast[Role.CLINICIAN].id
    return clinic.write(lambda s: cast.add_doctor(s, user_id=user_id).id)


@pytest.fixture(scope="module")
def german(clinic: Clinic) -> Clinic:
    """A clinic whose people have all chosen German."""
    clinic.speak_german(*clinic.cast)
    return clinic


@pytest.fixture
def german_choices() -> Iterator[None]:
    """The names of choices that a test itself fills in are the German ones."""
    with using_language(GERMAN):
        yield


def choose_patient(app: AppTest, page: str, patient_id: UUID) -> None:
    """Choose the patient that something is for, as the search field does."""
    key = f"{page}_patient"
    assert any(
        element.key == f"{key}_search" for element in app.get("bidi_component")
    ), "no patient is asked for"
    app.session_state[key] = patient_id
    app.run()


def problem_places(app: AppTest) -> list[str]:
    """Return the names of the fields that the page marks as having problems."""
    places: list[str] = []
    rest: list[Any] = [app.main]
    while rest:
        block = rest.pop(0)
        name = re.search(r"problem_of_(\w+)", str(getattr(block, "proto", "")))
        places += [name[1]] if name and hasattr(block, "children") else []
        rest += getattr(block, "children", {}).values()
    return list(dict.fromkeys(places))


def rows_of(app: AppTest, key: str = "patients_table") -> list[list[str]]:
    """Return the texts of a table's cells, row by row."""
    for table in app.get("bidi_component"):
        if table.key == key:
            data = json.loads(table.proto.bytes)
            return [[cell["text"] for cell in row["cells"]] for row in data["rows"]]
    return []


def press(app: AppTest, key: str) -> AppTest:
    """Press a button and return the page that it leads to; it must not have failed."""
    app.button(key=key).click().run()
    return app


def captions(app: AppTest) -> str:
    """Return the captions of the page, as people read them."""
    return " ".join(each.value for each in app.caption).replace("\\", "")
