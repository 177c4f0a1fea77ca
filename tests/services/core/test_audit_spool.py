"""Without a primary, reads are recorded here, and in the log once there is one."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from db.endpoints import Endpoints
from db.files.file_keys import FileKeys
from db.models.audit import AuditEvent
from db.postgres import SYSTEM, Database, NoPrimary, NotOnReplica
from db.postgres.counters import RETRIES
from db.postgres.watching import absence
from db.spool import Spool
from services.core import audit
from services.core.actor_database import ActorDatabase, NotRecorded
from services.core.audit import Action, Origin
from services.core.audit_without_primary import AuditSpool
from services.core.errors import NotAllowed
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.kit.cast import ADA
from tests.kit.waiting import eventually

ORIGIN = Origin("a1b2c3", uuid4(), "192.0.2.7")
NOWHERE = "postgresql://nobody@127.0.0.1:1/gone?connect_timeout=1"


@pytest.fixture(scope="module")
def database(module_endpoints):
    with closing(Database(module_endpoints, replica_wait_seconds=5)) as database:
        yield database


@pytest.fixture(scope="module")
def alone(module_endpoints, database) -> Endpoints:
    """The addresses of the replicas, without a primary."""
    followers = {node.name for node in database.nodes() if node.role == "replica"}
    urls = module_endpoints.replica_urls.items()
    return replace(
        module_endpoints,
        database_url=NOWHERE,
        replica_urls={name: url for name, url in urls if name in followers},
    )


@pytest.fixture(scope="module")
def headless(alone):
    """A database whose replicas answer, and which certainly has no primary."""
    with closing(Database(alone, read_only_after_seconds=0)) as database:
        yield database


@pytest.fixture(scope="module")
def ada(database) -> PatientRecord:
    """A patient whom every replica has."""
    cleo = cast.act_as(cast.CLEO)
    written = database.write(
        lambda s: patients.register(s, cleo, ADA, today=date(2026, 11, 20)),
        identity=SYSTEM,
    )
    database.read(lambda _: None, after=written.lsn)
    return written.value


@dataclass(frozen=True)
class Desk:
    """Somebody at work without a primary, and their machine's disk."""

    on_behalf: ActorDatabase
    spool: AuditSpool
    folder: Path
    keys: FileKeys
    log: Session

    def look(self, patient: PatientRecord) -> PatientRecord:
        """Open a record."""
        actor = self.on_behalf.actor
        read = self.on_behalf.read(lambda s: patients.get_patient(s, actor, patient.id))
        return read.value

    def another(self, folder: Path | None = None) -> AuditSpool:
        """Return the spool as another process opens it."""
        return AuditSpool(Spool(folder or self.folder, self.keys))

    def events(self) -> list[AuditEvent]:
        """Return the events in the log."""
        self.log.rollback()
        return events_of(self.log)


@pytest.fixture
def desk(headless, module_engine, clerk, tmp_path, file_keys) -> Iterator[Desk]:
    folder = tmp_path / "spool"
    spool = AuditSpool(Spool(folder, file_keys))
    with Session(module_engine) as log:
        log.execute(delete(AuditEvent))
        log.commit()
        on_behalf = ActorDatabase(headless, clerk, ORIGIN, spool)
        yield Desk(on_behalf, spool, folder, file_keys, log)


def test_what_is_read_is_shown_and_told_to_the_log_later(desk, ada, database):
    before = datetime.now(UTC)
    shown = desk.look(ada)
    after = datetime.now(UTC)

    assert shown.id == ada.id
    assert desk.events() == []
    assert desk.spool.drain(database) == 1
    (event,) = desk.events()
    assert (event.action, event.actor_id) == ("patient:read", desk.on_behalf.actor.id)
    assert (event.patient_id, event.actor_role) == (ada.id, "staff")
    assert Origin(event.request_id, event.session_id, event.network) == ORIGIN
    # When it happened, not when it was recorded.
    assert before <= event.at <= after


@pytest.fixture
def no_room(desk):
    """The primary answers, and has no space for an audit event."""
    desk.log.execute(
        text(
            "CREATE FUNCTION find_no_room() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE 'Full' USING ERRCODE = 'disk_full'; END $$"
        )
    )
    desk.log.execute(
        text(
            "CREATE TRIGGER full_disk BEFORE INSERT ON audit_events "
            "EXECUTE FUNCTION find_no_room()"
        )
    )
    desk.log.commit()
    yield
    desk.log.rollback()
    desk.log.execute(text("DROP FUNCTION find_no_room() CASCADE"))
    desk.log.commit()


def test_while_the_primarys_disk_is_full_what_is_read_is_kept_here(
    desk, ada, database, no_room
):
    on_behalf = replace(desk.on_behalf, database=database)

    shown = replace(desk, on_behalf=on_behalf).look(ada)

    assert shown.id == ada.id
    assert not desk.spool.is_empty


def test_while_somebody_leads_the_spool_is_not_touched(desk, ada, database):
    replace(desk, on_behalf=replace(desk.on_behalf, database=database)).look(ada)

    assert desk.spool.is_empty
    assert len(desk.events()) == 1


def test_a_mere_change_of_leaders_is_waited_for(desk, ada, alone, monkeypatch):
    now, tried = [1000.0], _retries()
    monkeypatch.setattr(absence, "monotonic", lambda: now[0])
    with (
        closing(Database(alone, read_only_after_seconds=1)) as changing,
        ThreadPoolExecutor(1) as aside,
    ):
        waiting = replace(desk, on_behalf=replace(desk.on_behalf, database=changing))
        looking = aside.submit(waiting.look, ada)
        eventually(lambda: _retries() > tried + 1)
        assert not looking.done()
        assert desk.spool.is_empty

        now[0] += 1
        looking.result(timeout=30)

    assert not desk.spool.is_empty


def _retries() -> float:
    """Return how many retries this process has made."""
    (family,) = RETRIES.collect()
    return sum(
        sample.value for sample in family.samples if sample.name.endswith("_total")
    )


def test_refusals_are_kept_as_well(desk, analyst, ada, database):
    """Whoever is not found on a replica may exist: nothing is said, or refused."""
    curious = replace(desk, on_behalf=replace(desk.on_behalf, actor=analyst))
    with pytest.raises(NotAllowed):
        curious.look(ada)
    with pytest.raises(NotOnReplica):
        desk.look(replace(ada, id=uuid4()))

    desk.spool.drain(database)

    refused = ("access:refuse", "refused")
    assert [(e.action, e.outcome) for e in desk.events()] == [refused]


def test_a_stream_and_a_second_look_are_kept_before_they_are_given_away(desk, database):
    actor = desk.on_behalf.actor

    def pieces(session):
        audit.record(session, actor, Action.PATIENT_EXPORT)
        return iter(["first"])

    assert next(desk.on_behalf.stream(pieces)) == "first"
    desk.on_behalf.record(lambda s: audit.record(s, actor, Action.DOCUMENT_LIST))

    assert desk.spool.drain(database) == 2
    assert [e.action for e in desk.events()] == ["patient:export", "document:list"]


class Begun:
    """Something that was begun, and whether it was closed."""

    is_closed = False

    def close(self):
        self.is_closed = True


def test_what_cannot_be_kept_is_not_shown(desk, ada):
    desk.folder.write_text("This is a file.")
    begun = Begun()

    with pytest.raises(NotRecorded):
        desk.look(ada)
    with pytest.raises(NotRecorded):
        desk.on_behalf.read_ahead(
            lambda s: patients.get_patient(s, desk.on_behalf.actor, ada.id),
            lambda _: begun,
        )

    assert begun.is_closed


@pytest.mark.parametrize(
    "details", [{"text": "x" * 300_000}, {"text": "a\x00b"}], ids=["too large", "NUL"]
)
def test_an_event_that_the_log_refuses_does_not_hold_up_those_behind_it(
    desk, ada, database, details
):
    actor = desk.on_behalf.actor
    desk.spool.keep([audit.event_of(actor, Action.PATIENT_LIST, details=details)])
    desk.look(ada)

    assert desk.spool.drain(database) == 1
    assert [event.action for event in desk.events()] == ["patient:read"]
    # It stays where somebody can find it.
    assert desk.spool.waiting().records == 1


def test_what_was_written_down_already_is_not_written_again(desk, ada, database):
    desk.look(ada)
    desk.spool.close()
    again = desk.folder.with_name("again")
    shutil.copytree(desk.folder, again)

    # As if the process had died before it could delete the file.
    desk.spool.drain(database)
    desk.another(again).drain(database)

    assert len(desk.events()) == 1


def test_a_write_whose_end_nobody_knew_and_the_spool_make_one_event(desk, database):
    key, actor = uuid4(), desk.on_behalf.actor
    event = audit.event_of(actor, Action.PATIENT_LIST)
    # It was committed; the answer was lost together with the primary.
    database.write(
        lambda s: audit.write_events(s, [event]),
        key=key,
        identity=actor.database_identity,
    )
    desk.spool.keep([event], key=key)

    desk.spool.drain(database)

    assert len(desk.events()) == 1


def test_several_processes_write_it_down_once_together(desk, ada, database):
    for _ in range(20):
        desk.look(ada)
    desk.spool.close()
    processes = [desk.another() for _ in range(4)]

    with ThreadPoolExecutor(4) as threads:
        counts = list(threads.map(lambda spool: spool.drain(database), processes))

    assert sum(counts) == 20
    assert len(desk.events()) == 20


def test_while_nobody_leads_it_waits_on(desk, ada, alone, database):
    desk.look(ada)

    with closing(Database(alone, retry_seconds=0.1)) as impatient:
        impatient.nodes()
        with pytest.raises(NoPrimary):
            desk.spool.drain(impatient)

    desk.spool.drain(database)
    assert len(desk.events()) == 1
