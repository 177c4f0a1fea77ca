"""Nothing is done, shown or refused without a record."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from db.models.audit import AuditEvent
from db.mongo.limit_storage import LimitStorage
from db.postgres import Database
from services.core import audit, throttling
from services.core.actor_database import ActorDatabase, NotRecorded, RefusedByDatabase
from services.core.actors import Permission, Role
from services.core.audit import Action, Origin
from services.core.errors import Conflict, NotAllowed, NotFound
from services.core.throttling import Limit, LimitReached, Throttle
from services.patients.records import patients
from tests.kit.audit_events import events_of
from tests.kit.cast import ADA, act_as_somebody

ORIGIN = Origin("a1b2c3", uuid4(), "192.0.2.7")
NOWHERE = "postgresql://nobody@127.0.0.1:1/gone?connect_timeout=1"


@pytest.fixture
def log(module_engine) -> Iterator[Session]:
    """The outbox as its owner sees it, empty at first."""
    with Session(module_engine) as session:
        session.execute(delete(AuditEvent))
        session.commit()
        yield session


@pytest.fixture(scope="module")
def database(module_endpoints):
    with closing(Database(module_endpoints, replica_wait_seconds=5)) as database:
        yield database


@pytest.fixture
def headless(module_endpoints):
    """A database whose replicas answer, without a primary."""
    alone = replace(module_endpoints, database_url=NOWHERE)
    with closing(Database(alone, retry_seconds=0.2)) as database:
        yield database


@pytest.fixture
def desk(database, clerk):
    return ActorDatabase(database, clerk, ORIGIN)


@pytest.fixture
def ada(desk, today, log):
    written = desk.write(lambda s: patients.register(s, desk.actor, ADA, today=today))
    log.execute(delete(AuditEvent))
    log.commit()
    return written


def events(log: Session) -> list[AuditEvent]:
    log.rollback()
    return events_of(log)


def actions(log: Session) -> list[tuple[str, str]]:
    return [(event.action, event.outcome) for event in events(log)]


def test_a_replica_answers_once_the_primary_has_it_written_down(desk, ada, log):
    def look(session):
        return patients.get_patient(session, desk.actor, ada.value.id)

    read = desk.read(look, after=ada.lsn)

    assert read.served.role == "replica"
    assert actions(log) == [("patient:read", "done")]


def test_an_event_names_where_the_request_came_from(desk, ada, log):
    desk.read(lambda s: patients.get_patient(s, desk.actor, ada.value.id))

    (event,) = events(log)
    assert Origin(event.request_id, event.session_id, event.network) == ORIGIN


def test_asvs_16_5_3_what_cannot_be_written_down_is_not_shown(headless, desk, ada, log):
    records = []

    def look(session):
        records.append(patients.get_patient(session, desk.actor, ada.value.id))
        return records[-1]

    with pytest.raises(NotRecorded, match="audit log"):
        ActorDatabase(headless, desk.actor, ORIGIN).read(look, after=ada.lsn)

    assert records
    assert events(log) == []


def test_what_needs_no_record_is_read_while_nobody_takes_writes(headless, desk):
    read = ActorDatabase(headless, desk.actor, ORIGIN).read(lambda _: 1)

    assert read.value == 1


@pytest.mark.parametrize("do", ["read", "write"])
def test_what_may_tell_something_by_failing_is_written_down_as_failed(desk, log, do):
    def fail(session):
        audit.record(session, desk.actor, Action.STATISTICS_READ)
        with audit.recording_outcome(
            session, desk.actor, Action.QUERY_RUN, details={"sql": "SELECT 1"}
        ):
            raise Conflict("It was.")

    with pytest.raises(Conflict):
        getattr(desk, do)(fail)

    assert actions(log) == [("query:run", "failed")]
    assert events(log)[0].details == {"sql": "SELECT 1"}


def test_a_change_that_fails_leaves_no_event(desk, ada, log):
    def archive_twice(session):
        for _ in range(2):
            patients.archive(session, desk.actor, ada.value.id, version=1)

    with pytest.raises(Conflict):
        desk.write(archive_twice)

    assert events(log) == []


def test_a_change_and_its_event_are_one(database, desk, ada, log):
    desk.write(lambda s: patients.archive(s, desk.actor, ada.value.id, version=1))

    assert actions(log) == [("patient:archive", "done")]


def test_a_refused_read_is_written_down_with_whose_record_it_was(
    database, analyst, ada, log
):
    curious = ActorDatabase(database, analyst, ORIGIN)

    with pytest.raises(NotAllowed):
        curious.read(lambda s: patients.get_patient(s, analyst, ada.value.id))

    (event,) = events(log)
    assert (event.action, event.outcome) == ("access:refuse", "refused")
    assert (event.actor_id, event.patient_id) == (analyst.id, ada.value.id)
    assert "open a patient's record" in event.details["sentence"]


def test_a_refused_change_is_written_down(database, analyst, ada, log):
    curious = ActorDatabase(database, analyst, ORIGIN)

    with pytest.raises(NotAllowed):
        curious.write(lambda s: patients.archive(s, analyst, ada.value.id, version=1))

    assert actions(log) == [("access:refuse", "refused")]


def test_what_the_database_itself_refuses_is_told_and_written_down(desk, log):
    with pytest.raises(NotAllowed, match="the database itself refuses"):
        desk.read(lambda s: s.execute(text("SELECT * FROM login_codes")))

    assert actions(log) == [("access:refuse", "refused")]


def test_a_patient_is_sent_to_the_clinic_for_what_the_database_refuses(database, log):
    patient = act_as_somebody(Role.PATIENT, uuid4())

    with pytest.raises(RefusedByDatabase, match=r"Please ask the clinic\.$"):
        ActorDatabase(database, patient, ORIGIN).read(
            lambda s: s.execute(text("SELECT * FROM login_codes"))
        )

    assert actions(log) == [("access:refuse", "refused")]


def test_whoever_tries_ids_is_written_down(desk, log):
    wanted = uuid4()

    with pytest.raises(NotFound):
        desk.read(lambda s: patients.get_patient(s, desk.actor, wanted))

    (event,) = events(log)
    assert (event.action, event.patient_id) == ("access:refuse", wanted)


def test_not_finding_anything_else_is_no_refusal(desk, log):
    def find(session):
        raise NotFound("There is no such list.")

    with pytest.raises(NotFound):
        desk.read(find)

    assert events(log) == []


def test_what_is_asked_without_a_database_is_refused_in_writing(desk, log):
    with pytest.raises(NotAllowed):
        desk.require(Permission.VIEW_REPLICATION)

    assert actions(log) == [("access:refuse", "refused")]


class Beginning:
    """Something that was begun, and whether it was closed."""

    def __init__(self) -> None:
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


def test_what_begins_meanwhile_is_given_away_once_it_is_written_down(desk, ada, log):
    begun = Beginning()

    read, given = desk.read_ahead(
        lambda s: patients.get_patient(s, desk.actor, ada.value.id),
        lambda patient: begun if patient.id == ada.value.id else Beginning(),
        after=ada.lsn,
    )

    assert (read.value.id, given, begun.is_closed) == (ada.value.id, begun, False)
    assert actions(log) == [("patient:read", "done")]


def test_what_has_begun_is_let_go_of_if_it_cannot_be_written_down(
    headless, desk, ada, log
):
    begun = Beginning()

    with pytest.raises(NotRecorded):
        ActorDatabase(headless, desk.actor, ORIGIN).read_ahead(
            lambda s: patients.get_patient(s, desk.actor, ada.value.id),
            lambda _: begun,
            after=ada.lsn,
        )

    assert begun.is_closed


def test_what_cannot_begin_is_written_down_all_the_same(desk, ada, log):
    def fail(_):
        raise Conflict("Not now.")

    with pytest.raises(Conflict, match="Not now"):
        desk.read_ahead(
            lambda s: patients.get_patient(s, desk.actor, ada.value.id),
            fail,
            after=ada.lsn,
        )

    assert actions(log) == [("patient:read", "done")]


def test_a_stream_is_written_down_before_its_first_piece(desk, log):
    def pieces(session):
        audit.record(session, desk.actor, Action.PATIENT_EXPORT)
        return iter(["first", "second"])

    stream = desk.stream(pieces)

    assert next(stream) == "first"
    assert actions(log) == [("patient:export", "done")]
    assert list(stream) == ["second"]
    assert len(events(log)) == 1


def test_a_stream_that_cannot_be_written_down_gives_nothing(headless, desk, log):
    def pieces(session):
        audit.record(session, desk.actor, Action.PATIENT_EXPORT)
        return iter(["first"])

    with pytest.raises(NotRecorded):
        next(ActorDatabase(headless, desk.actor, ORIGIN).stream(pieces))


def test_a_refused_stream_is_written_down(desk, log):
    def pieces(session):
        desk.actor.require(Permission.VIEW_AUDIT)
        return iter(["first"])

    with pytest.raises(NotAllowed):
        next(desk.stream(pieces))

    assert actions(log) == [("access:refuse", "refused")]


@pytest.fixture
def throttle(addresses):
    with closing(LimitStorage(addresses.mongo.url)) as storage:
        yield Throttle(storage, key=uuid4().hex)


def test_uploads_beyond_the_limit_are_refused_and_written_down_once(
    desk, throttle, log, monkeypatch
):
    monkeypatch.setattr(throttling, "UPLOADS_STAFF", Limit("uploads-few", 2, 60))
    for _ in range(2):
        desk.count_upload(throttle)

    for _ in range(3):
        with pytest.raises(LimitReached) as refusal:
            desk.count_upload(throttle)

    assert 1 <= refusal.value.retry_after_seconds <= 60
    assert actions(log) == [("limit:reach", "refused")]
    assert events(log)[0].details == {"limit": "uploads-few"}
    assert events(log)[0].actor_id == desk.actor.id
