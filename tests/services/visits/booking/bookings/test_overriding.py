"""Rules that staff override for a recorded reason; others cannot."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import update

from db.models.booking import Appointment, BookingSlot
from services.core.errors import InvalidInput, NotAllowed
from services.visits.booking import bookings, waitlist
from services.visits.booking.bookings import BookingStatus
from services.visits.booking.bookings.errors import (
    BookingOver,
    HoldExpired,
    NotesWritten,
    VisitHasBegun,
)
from services.visits.booking.waitlist import WaitRequest
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.services.visits.booking.bookings import samples
from tests.services.visits.booking.bookings.samples import (
    hold,
    holders,
    let_pass,
)

REASON = "Her interpreter is late"


@pytest.fixture
def visit(session, clerk, slot, patient):
    """A visit that began five minutes ago."""
    booked = bookings.confirm(session, clerk, hold(session, clerk, slot, patient.id).id)
    samples.begin(session, booked)
    return booked


def test_staff_extend_a_hold_again_for_a_reason(session, clerk, slot, patient):
    held = hold(session, clerk, slot, patient.id)
    bookings.renew(session, clerk, held.id)
    let_pass(session, held, 60)

    renewed = bookings.renew(session, clerk, held.id, override_reason=f" {REASON} ")

    assert 60 < renewed.seconds_left <= 120
    assert [event.reason for event in events_of(session, "booking:renew")] == [
        None,
        REASON,
    ]


def test_a_hold_that_ran_out_is_not_extended_whatever_the_reason(
    session, clerk, slot, patient
):
    held = hold(session, clerk, slot, patient.id)
    let_pass(session, held, 120.1)

    with pytest.raises(HoldExpired):
        bookings.renew(session, clerk, held.id, override_reason=REASON)


def test_extending_again_sets_no_other_rule_aside(session, clerk, slot, patient):
    held = hold(session, clerk, slot, patient.id)
    bookings.renew(session, clerk, held.id, override_reason=REASON)

    bookings.confirm(session, clerk, held.id)

    row = session.get(BookingSlot, slot, populate_existing=True)
    assert row.may_overlap is False


def test_a_visit_that_has_begun_is_cancelled_for_a_reason_only(
    session, clerk, visit, slot
):
    with pytest.raises(VisitHasBegun):
        bookings.cancel(session, clerk, visit.id, reason="No reason to override")
    assert holders(session, slot) == [visit.id]

    after = bookings.cancel(session, clerk, visit.id, override_reason=REASON)

    assert after.status is BookingStatus.CANCELLED
    assert events_of(session, "booking:cancel")[-1].reason == REASON
    row = session.get(Appointment, visit.appointment_id, populate_existing=True)
    assert row.cancelled_because == REASON


def test_a_visit_with_notes_is_given_back_only_by_who_knows_of_them(
    session, clerk, slot, patient
):
    booked = bookings.confirm(session, clerk, hold(session, clerk, slot, patient.id).id)
    samples.write_notes(session, booked)

    with pytest.raises(NotesWritten, match="check them in"):
        bookings.cancel(session, clerk, booked.id, override_reason=REASON)
    assert holders(session, slot) == [booked.id]

    after = bookings.cancel(session, clerk, booked.id, despite_notes=True)
    assert after.status is BookingStatus.CANCELLED


@pytest.mark.parametrize("has_notes", [False, True])
def test_who_is_checked_in_is_not_cancelled_whatever_the_reason(
    session, clerk, visit, has_notes
):
    if has_notes:
        samples.write_notes(session, visit)
    session.execute(update(Appointment).values(status="checked-in"))

    with pytest.raises(BookingOver):
        bookings.cancel(session, clerk, visit.id, override_reason=REASON)


def test_a_visit_that_has_begun_is_moved_for_a_reason_only(session, clerk, dora, visit):
    there = samples.slot(session, dora, 5)
    with pytest.raises(VisitHasBegun):
        hold(session, clerk, there, visit.patient_id, replaces_id=visit.id)

    moving = hold(
        session,
        clerk,
        there,
        visit.patient_id,
        replaces_id=visit.id,
        override_reason=REASON,
    )
    bookings.confirm(session, clerk, moving.id)

    assert bookings.get(session, clerk, visit.id).status is BookingStatus.CANCELLED
    assert events_of(session, "booking:hold")[-1].reason == REASON


@pytest.mark.parametrize("status", ["checked-in", "completed", "no-show"])
def test_who_has_come_or_never_came_is_not_moved_whatever_the_reason(
    session, clerk, dora, visit, status
):
    there = samples.slot(session, dora, 5)
    session.execute(update(Appointment).values(status=status))

    with pytest.raises(BookingOver):
        hold(
            session,
            clerk,
            there,
            visit.patient_id,
            replaces_id=visit.id,
            override_reason=REASON,
        )


def test_who_comes_while_the_visit_is_being_moved_has_no_second_one(
    session, clerk, dora, slot, patient
):
    booked = bookings.confirm(session, clerk, hold(session, clerk, slot, patient.id).id)
    there = samples.slot(session, dora, 5)
    moving = hold(session, clerk, there, patient.id, replaces_id=booked.id)
    session.execute(update(Appointment).values(status="checked-in"))

    with pytest.raises(BookingOver), session.begin_nested():
        bookings.confirm(session, clerk, moving.id)

    assert samples.count(session, Appointment) == 1
    assert holders(session, slot) == [booked.id]


def test_a_patient_is_in_one_line_more_for_a_reason_only(session, clerk, patient):
    wishes = [_wish(session, patient) for _ in range(waitlist.MOST_PLACES + 1)]
    for wish in wishes[:-1]:
        waitlist.join(session, clerk, wish)
    with pytest.raises(waitlist.TooManyPlaces):
        waitlist.join(session, clerk, wishes[-1])

    waitlist.join(session, clerk, _with_reason(wishes[-1]))

    assert events_of(session, "waitlist:join")[-1].reason == REASON


def test_no_reason_puts_a_patient_in_the_same_line_twice(session, clerk, patient):
    wish = _wish(session, patient)
    waitlist.join(session, clerk, wish)

    with pytest.raises(waitlist.WaitsAlready):
        waitlist.join(session, clerk, _with_reason(wish))


def _wish(session, patient) -> WaitRequest:
    doctor = cast.add_doctor(session)
    until = samples.FIRST + timedelta(days=1)
    return WaitRequest(patient.id, samples.FIRST, until, doctor_id=doctor.id)


def _with_reason(wish: WaitRequest) -> WaitRequest:
    return WaitRequest(
        wish.patient_id,
        wish.from_at,
        wish.until_at,
        doctor_id=wish.doctor_id,
        override_reason=REASON,
    )


ACTIONS = {
    "renew": lambda s, actor, reason: bookings.renew(
        s, actor, uuid4(), override_reason=reason
    ),
    "cancel": lambda s, actor, reason: bookings.cancel(
        s, actor, uuid4(), override_reason=reason
    ),
    "join": lambda s, actor, reason: waitlist.join(
        s,
        actor,
        WaitRequest(
            actor.patient_id or uuid4(),
            samples.FIRST,
            samples.FIRST + timedelta(days=1),
            speciality="Cardiology",
            override_reason=reason,
        ),
    ),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_a_patient_sets_no_rule_aside(session, herself, action):
    with pytest.raises(NotAllowed, match="override booking rules"):
        ACTIONS[action](session, herself, REASON)


@pytest.mark.parametrize("action", ["renew", "cancel"])
def test_a_reason_says_something(session, clerk, action):
    with pytest.raises(InvalidInput, match="at least 10"):
        ACTIONS[action](session, clerk, "Because")
