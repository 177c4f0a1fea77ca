"""What somebody did is recorded where it happened, or nowhere at all."""

from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.core import audit
from services.core.audit import Action, Origin
from tests.kit.audit_events import events_of
from tests.kit.cast import ada


@pytest.fixture
def reading(session):
    """A session as if served by a replica."""
    session.info["served"] = "a replica"
    return session


def test_asvs_16_2_1_an_event_tells_who_did_what_to_whom(session, clerk):
    patient_id, view_id = uuid4(), uuid4()

    audit.record(
        session,
        clerk,
        Action.VIEW_SAVE,
        patient_id=patient_id,
        subject=("view", view_id),
        reason="asked on the phone",
        details={"day": date(2026, 11, 20)},
    )

    (event,) = events_of(session)
    assert (event.action, event.outcome) == ("view:save", "done")
    assert (event.actor_id, event.actor_role) == (clerk.id, "staff")
    assert (event.patient_id, event.reason) == (patient_id, "asked on the phone")
    assert (event.subject_kind, event.subject_id) == ("view", str(view_id))
    assert event.details == {"day": "2026-11-20"}
    assert event.at is not None


def test_somebody_unknown_may_have_done_it(session):
    audit.record(session, None, Action.SESSION_START, outcome="failed")

    (event,) = events_of(session)
    assert (event.actor_id, event.actor_role) == (None, None)
    assert event.outcome == "failed"


def test_an_event_tells_where_it_came_from(session, clerk):
    origin = Origin("a1b2", uuid4(), "192.0.2.7")

    with audit.with_origin(origin):
        audit.record(session, clerk, Action.PATIENT_LIST)
    audit.record(session, clerk, Action.PATIENT_LIST)

    inside, outside = events_of(session)
    assert Origin(inside.request_id, inside.session_id, inside.network) == origin
    assert Origin(outside.request_id, outside.session_id, outside.network) == Origin()


def test_what_is_undone_was_never_done(session, clerk):
    with session.begin_nested() as savepoint:
        audit.record(session, clerk, Action.PATIENT_LIST)
        savepoint.rollback()

    assert events_of(session) == []


def test_a_reading_session_hands_its_events_over(reading, clerk):
    with audit.collecting_events(reading) as events:
        audit.record(reading, clerk, Action.PATIENT_LIST)
        audit.record(reading, clerk, Action.PATIENT_COUNT)

        assert events_of(reading) == []

    audit.write_events(reading, events)
    assert [event.action for event in events_of(reading)] == [
        "patient:list",
        "patient:count",
    ]


def test_what_one_look_records_is_written_in_one_statement(reading, clerk):
    with audit.collecting_events(reading) as events:
        audit.record(reading, clerk, Action.PATIENT_LIST)
        audit.record(reading, clerk, Action.PATIENT_COUNT)

    audit.write_events(reading, events)

    # cmin numbers the statements of a transaction.
    commands = reading.scalars(text("SELECT DISTINCT cmin::text FROM audit_events"))
    assert len(commands.all()) == 1


def test_nobody_reads_without_somebody_to_write_it_down(reading, clerk):
    with pytest.raises(audit.Unrecorded, match="patient:read"):
        audit.record(reading, clerk, Action.PATIENT_READ)


def test_differences_are_the_fields_that_changed():
    before = ada(last_name="Byron", allergies=())
    after = ada(last_name="Lovelace", allergies=("penicillin",))

    assert audit.differences(before, after) == {
        "last_name": ["Byron", "Lovelace"],
        "allergies": [(), ("penicillin",)],
    }


def test_of_something_new_every_field_that_holds_anything_is_told():
    changed = audit.differences(None, ada(address=None, no_known_allergies=False))

    assert changed["first_name"] == [None, "Ada"]
    assert "address" not in changed
    assert "no_known_allergies" not in changed


def test_the_vocabulary_is_subjects_and_verbs():
    for action in Action:
        subject, _, verb = action.value.partition(":")
        assert subject.isalpha()
        assert verb.replace("-", "").isalpha()
