"""The API as the server offers it: behind the gate, on a database of its own."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from starlette.applications import Starlette

from api.application import create_api, serves
from api.core.answers import LSN_HEADER
from api.core.dependencies import DocumentServices, Stores, VisitServices
from dashboard.ui.language.papers import wording_in
from dashboard.web.gate.middleware import Gate
from dashboard.web.log.request_log import RequestLog
from dashboard.web.security_headers import SecurityHeaders
from dashboard.web.sessions.live_sessions import LiveSessions
from db.cluster.observing import ClusterMonitor
from db.cluster.patroni import Patroni
from db.disk_space import DiskSpace
from db.files.gridfs import FileStore
from db.mongo.audit_store import AuditStore
from db.mongo.limit_storage import LimitStorage
from db.postgres import SYSTEM, Database, WriteResult
from db.spool import Spool
from services.cluster.operations import OperationRunner
from services.cluster.operations.servers import Servers
from services.core.actors import Actor, Role
from services.core.audit_without_primary import AuditSpool
from services.core.throttling import CallLimits, Throttle
from services.documents.forms import Clinic
from services.documents.records.ingest import DocumentIngest
from services.documents.search.cache import DocumentListCache
from services.documents.sharing.links import LinkSigner
from services.pdf.inspecting import PdfInspector
from services.people import sessions, tokens
from services.visits.figures.caches import VisitCaches
from services.visits.schedule import visit_changes
from tests.kit import cast
from tests.kit.change_listening import listening

# Makes every earlier write visible.
NEWEST = {LSN_HEADER: "FFFFFFFF/0"}
ADA = cast.body_of(cast.ADA, "email", "allergies")

ADMITTED_ORIGIN = "https://app.example.org"
CLINIC = Clinic("Harbour Clinic", "1 Quay Street", "+44 1632 960000")


@dataclass
class Position:
    """The position of the last write in the log; None before the first."""

    lsn: str | None = None


class NotedDatabase:
    """The database for writes by the tests themselves, which their clients see at once.

    A replica may not have replayed yet what a test wrote a moment ago. So the position
    of each write is recorded, as a program records those of its own writes. The API
    itself has the database without this.
    """

    def __init__(self, database: Database, position: Position) -> None:
        self._database, self._position = database, position

    def write(self, *args: Any, **options: Any) -> WriteResult[Any]:
        """Write on the primary, and record the position that clients have to see."""
        written = self._database.write(*args, **options)
        self._position.lsn = str(written.lsn)
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)


class Client:
    """Calls the API without a network, as one program that sees its own writes.

    It also sees the writes of the others with whom it shares the position.
    """

    def __init__(
        self,
        app: Any,
        token: str | None = None,
        position: Position | None = None,
        *,
        address: str = "127.0.0.1",
    ) -> None:
        self._app = app
        self._transport = httpx.ASGITransport(app, client=(address, 50000))
        self._token = token
        self._position = position or Position()
        # A loop of its own: Playwright, once used, keeps one in this thread.
        self._stack = ExitStack()
        self._portal = self._stack.enter_context(start_blocking_portal())

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request; without a token unless one is given."""
        headers = dict(options.pop("headers", {}))
        if self._token:
            headers.setdefault("Authorization", f"Bearer {self._token}")
        if self._position.lsn:
            headers.setdefault(LSN_HEADER, self._position.lsn)
        response = self._portal.call(self._ask, method, path, headers, options)
        if lsn := response.headers.get(LSN_HEADER):
            self._position.lsn = lsn
        return response

    async def _ask(self, method, path, headers, options):
        base = "http://127.0.0.1:8501"
        transport = self._transport
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            return await client.request(method, path, headers=headers, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        return self.ask("POST", path, json=json, **options)

    def put(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        return self.ask("PUT", path, json=json, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("DELETE", path, **options)

    def close(self) -> None:
        self._stack.close()


@dataclass(frozen=True)
class Application:
    """The whole application, and the means to get in."""

    app: Any
    database: NotedDatabase
    # The position of the last write by clients and tests.
    position: Position
    people: dict[Role, Actor]
    tokens: dict[Role, str]
    limits: CallLimits
    monitor: ClusterMonitor
    spool: AuditSpool


@pytest.fixture(scope="module")
def application(
    module_endpoints, module_files, module_log, module_limits, papers
) -> Iterator[Application]:
    database = Database(module_endpoints, retry_seconds=2)
    monitor = ClusterMonitor(module_endpoints)
    disk = TemporaryDirectory(prefix="chartroom-spool-")
    spool = AuditSpool(Spool(Path(disk.name), module_files.keys))
    stores = Stores(
        database,
        module_files,
        module_log,
        module_limits,
        papers,
        monitor=monitor,
        runner=OperationRunner(Servers(database, Patroni(module_endpoints))),
        now=lambda: datetime(2026, 11, 20, 12, tzinfo=UTC),
        spool=spool,
        disks=DiskSpace(Path(disk.name)),
    )
    api = create_api(stores, cors_origins=(ADMITTED_ORIGIN,))
    gate = Gate(
        lambda *asgi: (api if serves(asgi[0]["path"]) else Starlette())(*asgi),
        LiveSessions(database, sessions.LIMITS),
        hosts=None,
        is_api_path=serves,
        cors_origins=(ADMITTED_ORIGIN,),
    )
    position = Position()
    noted = NotedDatabase(database, position)
    people = noted.write(cast.add_demo, identity=SYSTEM).value
    app = SecurityHeaders(RequestLog(gate))
    yield Application(
        app,
        noted,
        position,
        people,
        _tokens(noted, people[Role.PATIENT].patient_id),
        module_limits,
        monitor,
        spool,
    )
    monitor.close()
    spool.close()
    disk.cleanup()
    database.close()


def _tokens(database: NotedDatabase, own: UUID | None) -> dict[Role, str]:
    return {
        role: database.write(
            lambda session, role=role: tokens.issue(
                session, role, patient_id=own if role is Role.PATIENT else None
            ),
            identity=SYSTEM,
        ).value
        for role in Role
    }


@pytest.fixture
def as_role(application):
    clients: list[Client] = []
    # A test's clients see everything written before it.
    application.database.write(lambda _: None, identity=SYSTEM)

    def make(role: Role | None) -> Client:
        token = role and application.tokens[role]
        clients.append(Client(application.app, token, application.position))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(as_role) -> Client:
    """A client of somebody at the front desk."""
    return as_role(Role.STAFF)


@pytest.fixture
def admin(as_role) -> Client:
    """A client of an administrator."""
    return as_role(Role.ADMIN)


@pytest.fixture
def stranger(as_role) -> Client:
    return as_role(None)


@pytest.fixture
def ada(client) -> dict[str, Any]:
    """A patient whom no other test uses."""
    return client.post("/api/v1/patients", ADA).json()


@pytest.fixture(scope="module")
def module_limits(addresses) -> Iterator[CallLimits]:
    """Limits that no test reaches by accident, and that no other run shares."""
    with closing(LimitStorage(addresses.mongo.url)) as storage:
        yield CallLimits(Throttle(storage, key=uuid4().hex), 100_000)


@pytest.fixture(scope="module")
def papers(module_endpoints, module_files) -> Iterator[DocumentServices]:
    """What documents need, without a virus scanner."""
    with (
        closing(PdfInspector()) as inspector,
        listening(module_endpoints, "documents") as listener,
    ):
        lists = DocumentListCache(listener)
        ingest = DocumentIngest(module_files, inspector, None, refuse_active=False)
        links = LinkSigner("k" * 64)
        with _visits(module_endpoints) as visits:
            address = "https://clinic.example"
            yield DocumentServices(
                ingest,
                inspector,
                lists,
                links,
                CLINIC,
                address,
                visits,
                wording=partial(wording_in, usual="en"),
            )


@contextmanager
def _visits(endpoints) -> Iterator[VisitServices]:
    """Open what visits need, on a database of their own."""
    with (
        closing(Database(endpoints, retry_seconds=2)) as database,
        listening(endpoints, visit_changes.CHANNEL) as listener,
    ):
        yield VisitServices(VisitCaches(database, listener), notice_hours=24)


@pytest.fixture(scope="module")
def module_log(databases) -> Iterator[AuditStore]:
    """An audit log that the tests of a module share."""
    with databases.fresh_log() as store:
        yield store


@pytest.fixture(scope="module")
def module_files(databases, file_keys) -> Iterator[FileStore]:
    """A file store that the tests of a module share."""
    with databases.fresh_files(file_keys) as store:
        yield store
