"""Giving back: cancelled, released, moved, and run out."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from db.models.booking import Appointment, Booking, BookingSlot, VisitNotification
from services.visits.booking import bookings
from services.visits.booking.bookings import BookingStatus, tidying
from services.visits.booking.bookings.errors import (
    AlreadyMoved,
    BookingOver,
    PatientBusy,
    TooLateToCancel,
)
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.services.visits.booking.bookings import samples
from tests.services.visits.booking.bookings.samples import (
    count,
    hold,
    holders,
    let_pass,
    wanting,
)


def booked(session, actor, slot_id, patient_id):
    return bookings.confirm(
        session, actor, hold(session, actor, slot_id, patient_id).id
    )


def soon(**ahead) -> datetime:
    return datetime.now(UTC) + timedelta(**ahead)


def notifications(session) -> list[str]:
    rows = select(VisitNotification.kind).order_by(
        VisitNotification.created_at, VisitNotification.id
    )
    return list(session.scalars(rows))


def test_a_cancelled_hold_is_free_at_once(session, clerk, slot, patient, other):
    held = hold(session, clerk, slot, patient.id)

    cancelled = bookings.cancel(session, clerk, held.id)

    assert cancelled.status is BookingStatus.CANCELLED
    assert hold(session, clerk, slot, other.id)


def test_a_cancelled_visit_is_free_at_once(session, clerk, slot, patient, other):
    visit = booked(session, clerk, slot, patient.id)

    bookings.cancel(session, clerk, visit.id, reason=" Is  well\u202e again\u200b ")

    row = session.scalars(select(Appointment)).one()
    assert (row.status, row.cancelled_because) == ("cancelled", "Is well again")
    assert (row.cancelled_by, row.revision) == (clerk.id, 2)
    assert hold(session, clerk, slot, other.id)
    assert notifications(session) == ["confirmed", "cancelled"]


def test_cancelling_twice_is_cancelling_once(session, clerk, slot, patient):
    visit = booked(session, clerk, slot, patient.id)
    first = bookings.cancel(session, clerk, visit.id)

    again = bookings.cancel(session, clerk, visit.id)

    assert again == first
    assert len(events_of(session, "booking:cancel")) == 1


def test_cancelling_what_ran_out_leaves_it_to_whoever_has_it(
    session, clerk, slot, patient, other
):
    first = hold(session, clerk, slot, patient.id)
    let_pass(session, first, 121)
    second = hold(session, clerk, slot, other.id)

    assert bookings.cancel(session, clerk, first.id).status is BookingStatus.EXPIRED
    assert holders(session, slot) == [second.id]


@pytest.mark.parametrize(("hours", "is_late"), [(25, False), (23, True)])
def test_patients_cancel_in_time(session, herself, dora, hours, is_late):
    slot = samples.slot(session, dora, starts_at=soon(hours=hours))
    visit = booked(session, herself, slot, herself.patient_id)

    if not is_late:
        bookings.cancel(session, herself, visit.id)
        return
    with pytest.raises(TooLateToCancel, match="24 hours"):
        bookings.cancel(session, herself, visit.id)
    assert holders(session, slot) == [visit.id]


def test_how_long_before_is_for_the_clinic_to_say(session, herself, dora, patient):
    slot = samples.slot(session, dora, starts_at=soon(hours=3))
    visit = booked(session, herself, slot, patient.id)

    with pytest.raises(TooLateToCancel, match=r"3\.5 hours"):
        bookings.cancel(session, herself, visit.id, notice_hours=3.5)
    bookings.cancel(session, herself, visit.id, notice_hours=2)


def test_patients_give_a_hold_back_at_any_time(session, herself, dora, patient):
    slot = samples.slot(session, dora, starts_at=soon(minutes=30))
    held = hold(session, herself, slot, patient.id)

    assert bookings.cancel(session, herself, held.id).status is BookingStatus.CANCELLED


def test_the_desk_cancels_until_the_visit_begins(session, clerk, dora, patient):
    slot = samples.slot(session, dora, starts_at=soon(minutes=30))
    visit = booked(session, clerk, slot, patient.id)

    assert bookings.cancel(session, clerk, visit.id).status is BookingStatus.CANCELLED


def test_what_is_prepared_for_a_visit_keeps_no_patient_from_giving_it_back(
    session, herself, dora
):
    slot = samples.slot(session, dora, starts_at=soon(hours=25))
    visit = booked(session, herself, slot, herself.patient_id)
    samples.write_notes(session, visit)

    after = bookings.cancel(session, herself, visit.id)

    assert after.status is BookingStatus.CANCELLED


def test_a_visit_that_has_begun_is_not_cancelled(session, clerk, slot, patient):
    visit = booked(session, clerk, slot, patient.id)
    session.execute(update(Appointment).values(status="checked-in"))

    with pytest.raises(BookingOver):
        bookings.cancel(session, clerk, visit.id)
    assert holders(session, slot) == [visit.id]


def test_leaving_the_page_gives_back_holds_only(session, clerk, dora, slot, patient):
    held = hold(session, clerk, slot, patient.id)
    visit = booked(session, clerk, samples.slot(session, dora, 1), patient.id)

    released = bookings.release(session, clerk, held.id)
    kept = bookings.release(session, clerk, visit.id)

    assert released.status is BookingStatus.CANCELLED
    assert kept.status is BookingStatus.CONFIRMED


def test_a_moved_visit_gives_back_where_it_was(desk, dora, slot, patient, other):
    session, clerk = desk
    before = booked(session, clerk, slot, patient.id)
    there = samples.slot(session, dora, 5)

    after = samples.move(session, clerk, before.id, there, uuid4())

    assert (after.status, after.replaces_id) == (BookingStatus.CONFIRMED, before.id)
    assert bookings.get(session, clerk, before.id).status is BookingStatus.CANCELLED
    assert holders(session, there) == [after.id]
    assert hold(session, clerk, slot, other.id)
    assert notifications(session) == ["confirmed", "moved"]
    (event,) = events_of(session, "booking:move")
    assert event.details["replaced"] == str(before.id)


def test_a_visit_stays_when_it_was_if_the_new_time_is_lost(
    desk, dora, slot, patient, other
):
    session, clerk = desk
    before = booked(session, clerk, slot, patient.id)
    there = samples.slot(session, dora, 5)
    hold(session, clerk, there, other.id)

    lost = samples.move(session, clerk, before.id, there, uuid4())

    assert lost.status is BookingStatus.FAILED
    assert holders(session, slot) == [before.id]


def test_moving_twice_by_one_attempt_is_moving_once(
    session, clerk, dora, slot, patient
):
    before = booked(session, clerk, slot, patient.id)
    there, attempt = samples.slot(session, dora, 5), uuid4()
    first = samples.move(session, clerk, before.id, there, attempt)

    assert samples.move(session, clerk, before.id, there, attempt) == first


def test_a_visit_moves_to_a_time_that_overlaps_its_own(session, clerk, slot, patient):
    before = booked(session, clerk, slot, patient.id)
    at_once = samples.slot(session, cast.add_doctor(session))

    after = samples.move(session, clerk, before.id, at_once, uuid4())

    may_overlap = select(BookingSlot.may_overlap).where(
        BookingSlot.booking_id == after.id
    )
    assert session.scalar(may_overlap) is False


def test_a_move_does_not_let_other_visits_overlap(session, clerk, dora, slot, patient):
    before = booked(session, clerk, slot, patient.id)
    booked(session, clerk, samples.slot(session, dora, 5), patient.id)
    at_once = samples.slot(session, cast.add_doctor(session), 5)

    with pytest.raises(PatientBusy):
        samples.move(session, clerk, before.id, at_once, uuid4())


def test_what_is_held_for_a_move_is_in_the_way_of_other_visits(
    session, clerk, dora, slot, patient
):
    before = booked(session, clerk, slot, patient.id)
    there = samples.slot(session, dora, 5)
    moving = hold(session, clerk, there, patient.id, replaces_id=before.id)
    at_once = samples.slot(session, cast.add_doctor(session), 5)

    with pytest.raises(PatientBusy), session.begin_nested():
        hold(session, clerk, at_once, patient.id)

    bookings.confirm(session, clerk, moving.id)
    assert (holders(session, slot), holders(session, there)) == ([], [moving.id])


def test_patients_move_visits_in_time(session, herself, dora, patient):
    near = samples.slot(session, dora, starts_at=soon(hours=23))
    before = booked(session, herself, near, patient.id)

    with pytest.raises(TooLateToCancel):
        samples.move(session, herself, before.id, samples.slot(session, dora), uuid4())


def test_a_visit_that_was_moved_meanwhile_is_not_moved_once_more(
    session, clerk, dora, slot, patient
):
    before = booked(session, clerk, slot, patient.id)
    slots = [samples.slot(session, dora, place) for place in (2, 4, 6)]
    late = hold(session, clerk, slots[0], patient.id, replaces_id=before.id)
    second = samples.move(session, clerk, before.id, slots[1], uuid4())
    third = samples.move(session, clerk, second.id, slots[2], uuid4())

    with pytest.raises(AlreadyMoved), session.begin_nested():
        bookings.confirm(session, clerk, late.id)

    bookings.cancel(session, clerk, third.id)
    after = bookings.confirm(session, clerk, late.id)
    assert after.status is BookingStatus.CONFIRMED


def test_only_a_standing_visit_is_moved(session, clerk, dora, slot, patient):
    before = booked(session, clerk, slot, patient.id)
    bookings.cancel(session, clerk, before.id)

    with pytest.raises(BookingOver):
        samples.move(session, clerk, before.id, samples.slot(session, dora, 5), uuid4())


def test_nobody_takes_the_place_of_anothers_visit(desk, dora, slot, patient, other):
    session, clerk = desk
    before = booked(session, clerk, slot, other.id)
    there = samples.slot(session, dora, 5)

    with pytest.raises(BookingOver):
        hold(session, clerk, there, patient.id, replaces_id=before.id)


def test_what_ran_out_is_tidied_away(session, clerk, dora, slot, patient):
    over = hold(session, clerk, slot, patient.id)
    let_pass(session, over, 120.1)
    live = hold(session, clerk, samples.slot(session, dora, 1), patient.id)

    # It has expired already: the patient's next hold cleaned it up.
    assert session.get(Booking, over.id).status == "expired"
    let_pass(session, live, 115)
    assert bookings.expire_due(session) == 0
    let_pass(session, live, 5.1)
    assert bookings.expire_due(session) == 1

    assert count(session, BookingSlot) == 0
    session.expire_all()
    assert session.get(Booking, live.id).status == "expired"
    (event,) = events_of(session, "booking:expire")
    assert event.subject_id == str(live.id)


def test_tidying_comes_back_for_the_rest(session, clerk, dora, patient, monkeypatch):
    monkeypatch.setattr(tidying, "_AT_ONCE", 2)
    for number in range(3):
        held = hold(session, clerk, samples.slot(session, dora, number), patient.id)
    session.execute(
        update(BookingSlot).values(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    )

    assert held
    assert [bookings.expire_due(session) for _ in range(2)] == [2, 1]


def test_a_lost_wish_is_among_the_patients_bookings(
    desk, slot, patient, other, herself
):
    session, clerk = desk
    hold(session, clerk, slot, other.id)
    lost = bookings.hold(session, herself, wanting(slot, patient.id))

    listed = bookings.list_of_patient(session, herself, patient.id)

    assert [(booking.id, booking.status) for booking in listed] == [
        (lost.id, BookingStatus.FAILED)
    ]
