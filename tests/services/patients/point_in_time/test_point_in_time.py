"""A record of an earlier time, and how it returns to the current one."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from sqlalchemy import delete, select

from db.models.audit import AuditEvent
from db.models.patient import Patient
from services.core.audit import Action
from services.core.errors import InvalidInput, NotFound
from services.patients import point_in_time
from services.patients.duplicates import merging
from services.patients.point_in_time import RecordCopy
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from services.patients.records.patients import PatientArchived, StaleVersion
from tests.kit.cast import ADA, ada

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
REASON = "Changed the wrong Lovelace"


@pytest.fixture
def then(session, clerk) -> PatientRecord:
    return patients.register(session, clerk, ADA, today=TODAY)


def copied(session, clerk, then, version, **changed) -> PatientRecord:
    given = {"draft": then.draft(), "as_of": NOW, "reason": REASON} | changed
    copy = RecordCopy(patient_id=then.id, version=version, **given)
    return point_in_time.copy_back(session, clerk, copy, today=TODAY)


def copy_event(session) -> AuditEvent:
    return session.scalars(
        select(AuditEvent).where(AuditEvent.action == Action.POINT_IN_TIME_COPY)
    ).one()


def test_what_was_changed_is_as_it_was(session, clerk, then):
    patients.edit(
        session, clerk, then.id, ada(last_name="Byron"), version=1, today=TODAY
    )

    record = copied(session, clerk, then, 2)

    assert record.draft() == ADA
    event = copy_event(session)
    assert event.reason == REASON
    assert event.details["changed"] == {"last_name": ["Byron", "Lovelace"]}
    assert event.details["as_of"] == NOW.isoformat()


def test_what_was_archived_is_in_use_again(session, clerk, then):
    patients.archive(session, clerk, then.id, version=1)

    record = copied(session, clerk, then, 2)

    assert not record.is_archived
    assert copy_event(session).details["was_archived"]


def test_what_was_archived_and_changed_is_both(session, clerk, then):
    patients.edit(
        session, clerk, then.id, ada(last_name="Byron"), version=1, today=TODAY
    )
    patients.archive(session, clerk, then.id, version=2)

    record = copied(session, clerk, then, 3)

    assert (record.is_archived, record.draft()) == (False, ADA)


def test_what_is_gone_is_registered_under_its_own_id(session, clerk, then):
    session.execute(delete(Patient).where(Patient.id == then.id))

    record = copied(session, clerk, then, None)

    assert (record.id, record.draft()) == (then.id, ADA)
    assert copy_event(session).details["was_gone"]


def test_what_is_the_same_stays(session, clerk, then):
    assert copied(session, clerk, then, 1).version == 1


def test_what_somebody_changed_meanwhile_is_not_overwritten(session, clerk, then):
    patients.edit(
        session, clerk, then.id, ada(last_name="Byron"), version=1, today=TODAY
    )

    with pytest.raises(StaleVersion):
        copied(session, clerk, then, 1)


def test_what_was_merged_stays_merged(session, clerk, then):
    other = patients.register(session, clerk, ada(email="a@example.org"), today=TODAY)
    merging.merge(
        session,
        clerk,
        other.id,
        then.id,
        ADA,
        kept_version=1,
        merged_version=1,
        today=TODAY,
    )

    with pytest.raises(PatientArchived):
        copied(session, clerk, then, 2)


def test_it_wants_a_reason(session, clerk, then):
    with pytest.raises(InvalidInput, match="reason of at least"):
        copied(session, clerk, then, 1, reason="oops")


def test_somebody_is_found_and_looked_at_as_of_then(session, clerk, then):
    # A primary replays nothing, so there is no time of replay.
    matches = point_in_time.find_patients(session, clerk, "Lovelace", now=NOW)
    looked = point_in_time.read_record(session, clerk, then.id)

    assert matches.patients == (then,)
    assert (looked.patient, looked.timestamp) == (then, None)


def test_who_was_not_there_then_is_not_found(session, clerk):
    with pytest.raises(NotFound):
        point_in_time.read_record(session, clerk, uuid4())
