"""Holding: who has a slot, and for how long."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, update

from db.models.booking import Booking, Slot
from db.models.doctor import Doctor
from db.models.patient import Patient
from services.core.actors import Role
from services.core.errors import InvalidInput, NotAllowed
from services.patients.records.refusals import (
    NoSuchPatient,
    PatientArchived,
    PatientDeceased,
)
from services.visits.booking import bookings
from services.visits.booking.bookings import BookingStatus
from services.visits.booking.bookings.errors import (
    AttemptKeyReused,
    NoSuchSlot,
    PatientBusy,
    SlotTaken,
    TooManyHolds,
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


def test_a_hold_lasts_two_minutes(session, clerk, slot, patient):
    booking = hold(session, clerk, slot, patient.id)

    assert booking.status is BookingStatus.PENDING
    assert booking.seconds_left == 120
    assert (booking.expires_at - booking.created_at).total_seconds() == 120


def test_what_is_returned_is_what_is_kept(session, clerk, slot, patient):
    held = hold(session, clerk, slot, patient.id, note="A cough")

    booking = bookings.get(session, clerk, held.id)

    assert 0 < booking.seconds_left <= 120
    assert replace(booking, seconds_left=120) == held


def test_of_two_who_want_a_slot_the_second_is_told(
    session, clerk, slot, patient, other
):
    first = hold(session, clerk, slot, patient.id)

    lost = bookings.hold(session, clerk, wanting(slot, other.id))

    assert lost.status is BookingStatus.FAILED
    with pytest.raises(SlotTaken, match="Slot already booked") as refused:
        bookings.require_held(lost)
    assert refused.value.booking.expires_at == first.expires_at
    assert holders(session, slot) == [first.id]


def test_nobody_knows_when_what_is_booked_is_free(session, clerk, slot, patient, other):
    bookings.confirm(session, clerk, hold(session, clerk, slot, patient.id).id)

    with pytest.raises(SlotTaken) as refused:
        hold(session, clerk, slot, other.id)

    assert refused.value.booking.expires_at is None


def test_one_person_in_two_windows_is_not_first_twice(session, clerk, slot, patient):
    hold(session, clerk, slot, patient.id)

    with pytest.raises(SlotTaken):
        hold(session, clerk, slot, patient.id)


@pytest.mark.parametrize("age", [115, 120.1])
def test_a_hold_is_taken_over_once_it_ran_out(desk, slot, patient, other, age):
    is_taken_over = age > 120
    session, clerk = desk
    first = hold(session, clerk, slot, patient.id)
    let_pass(session, first, age)

    second = bookings.hold(session, clerk, wanting(slot, other.id))

    assert (second.status is BookingStatus.PENDING) is is_taken_over
    assert holders(session, slot) == [second.id if is_taken_over else first.id]


def test_whose_hold_is_taken_over_is_written_down_as_expired(
    session, clerk, slot, patient, other
):
    first = hold(session, clerk, slot, patient.id)
    let_pass(session, first, 121)

    hold(session, clerk, slot, other.id)

    row = session.get(Booking, first.id)
    assert (row.status, row.ended_at) == ("expired", row.expires_at)


def test_a_hold_that_ran_out_reads_as_expired_before_anybody_tidies(
    session, clerk, slot, patient
):
    first = hold(session, clerk, slot, patient.id)
    let_pass(session, first, 120.1)

    booking = bookings.get(session, clerk, first.id)

    assert booking.status is BookingStatus.EXPIRED
    assert booking.seconds_left is None
    assert booking.ended_at == booking.expires_at
    assert bookings.current_holds(session, clerk) == ()


def test_the_same_attempt_again_is_the_same_booking(session, clerk, slot, patient):
    request = wanting(slot, patient.id)
    first = bookings.hold(session, clerk, request)

    again = bookings.hold(session, clerk, request)

    assert again.id == first.id
    assert count(session, Booking) == 1
    assert len(events_of(session, "booking:hold")) == 1


def test_a_lost_attempt_stays_lost(session, clerk, slot, patient, other):
    winner = hold(session, clerk, slot, patient.id)
    request = wanting(slot, other.id)
    lost = bookings.hold(session, clerk, request)
    bookings.cancel(session, clerk, winner.id)

    again = bookings.hold(session, clerk, request)

    assert (again.id, again.status) == (lost.id, BookingStatus.FAILED)


def test_an_attempt_is_of_one_wish(session, clerk, dora, slot, patient):
    request = wanting(slot, patient.id)
    bookings.hold(session, clerk, request)
    elsewhere = samples.slot(session, dora, 1)

    with pytest.raises(AttemptKeyReused):
        bookings.hold(session, clerk, replace(request, slot_id=elsewhere))


def test_a_patient_is_in_one_place_at_a_time(session, clerk, slot, patient):
    hold(session, clerk, slot, patient.id)
    at_once = samples.slot(session, cast.add_doctor(session))

    with pytest.raises(PatientBusy), session.begin_nested():
        hold(session, clerk, at_once, patient.id)


def test_visits_that_follow_each_other_do_not_overlap(
    session, clerk, dora, slot, patient
):
    hold(session, clerk, slot, patient.id)

    assert hold(session, clerk, samples.slot(session, dora, 1), patient.id)


def test_staff_let_visits_overlap_for_a_reason(session, clerk, slot, patient):
    hold(session, clerk, slot, patient.id)
    at_once = samples.slot(session, cast.add_doctor(session))

    hold(session, clerk, at_once, patient.id, override_reason="Her son takes one")

    *_, event = events_of(session, "booking:hold")
    assert event.reason == "Her son takes one"


def test_what_was_let_overlap_once_is_in_the_way_of_what_comes_later(
    session, clerk, herself, slot, patient
):
    hold(session, clerk, slot, patient.id, override_reason="Her son takes one")
    at_once = samples.slot(session, cast.add_doctor(session))

    for actor in (clerk, herself):
        with pytest.raises(PatientBusy), session.begin_nested():
            hold(session, actor, at_once, patient.id)

    assert holders(session, at_once) == []


def test_no_reason_lets_two_have_one_slot(session, clerk, slot, patient, other):
    hold(session, clerk, slot, patient.id)

    with pytest.raises(SlotTaken):
        hold(session, clerk, slot, other.id, override_reason="It is very urgent")


def test_an_override_says_why(session, clerk, slot, patient):
    with pytest.raises(InvalidInput, match="at least 10"):
        hold(session, clerk, slot, patient.id, override_reason="Because")


def test_patients_keep_to_the_rules(session, herself, slot, patient):
    with pytest.raises(NotAllowed, match="override booking rules"):
        hold(session, herself, slot, patient.id, override_reason="I really want to")


def test_ones_own_hold_that_ran_out_is_in_nobodys_way(
    session, clerk, dora, slot, patient
):
    first = hold(session, clerk, slot, patient.id)
    let_pass(session, first, 121)
    at_once = samples.slot(session, cast.add_doctor(session))

    hold(session, clerk, at_once, patient.id)

    assert holders(session, slot) == []
    assert session.get(Booking, first.id).status == "expired"


def test_a_patient_holds_three_times_at_most(session, herself, dora, patient):
    slots = [samples.slot(session, dora, number) for number in range(4)]
    for slot in slots[:3]:
        hold(session, herself, slot, patient.id)

    with pytest.raises(TooManyHolds, match="3 times"):
        hold(session, herself, slots[3], patient.id)


def test_the_desk_holds_as_many_as_it_needs(session, clerk, dora, patient):
    for number in range(5):
        hold(session, clerk, samples.slot(session, dora, number), patient.id)

    assert len(bookings.current_holds(session, clerk)) == 5


def test_a_series_counts_once(session, herself, dora, patient):
    series = uuid4()
    for number in range(5):
        slot = samples.slot(session, dora, number)
        hold(session, herself, slot, patient.id, series_id=series)

    hold(session, herself, samples.slot(session, dora, 5), patient.id)


def test_repeating_the_third_attempt_is_no_fourth_hold(session, herself, dora, patient):
    slots = [samples.slot(session, dora, number) for number in range(3)]
    requests = [wanting(slot, patient.id) for slot in slots]
    held = [bookings.hold(session, herself, request) for request in requests]

    again = bookings.hold(session, herself, requests[2])

    assert again.id == held[2].id


def test_patients_book_for_themselves_only(session, herself, slot, other):
    with pytest.raises(NoSuchPatient):
        hold(session, herself, slot, other.id)


@pytest.mark.parametrize("role", [Role.ANALYST, Role.ADMIN])
def test_who_only_counts_books_nothing(session, slot, patient, role):
    with pytest.raises(NotAllowed):
        hold(session, cast.act_as_somebody(role), slot, patient.id)


def test_an_archived_patient_is_not_booked(session, clerk, slot, patient):
    session.execute(
        update(Patient).where(Patient.id == patient.id).values(deleted_at=func.now())
    )

    with pytest.raises(PatientArchived):
        hold(session, clerk, slot, patient.id)


def test_a_patient_who_has_died_is_not_booked(session, clerk, slot, patient):
    session.execute(
        update(Patient).where(Patient.id == patient.id).values(deceased_on=func.now())
    )

    with pytest.raises(PatientDeceased, match="no visit can be booked"):
        hold(session, clerk, slot, patient.id)


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (Slot, {"withdrawn_at": func.now()}),
        (Slot, {"is_leaving": True}),
        (Slot, {"starts_at": datetime.now(UTC) - timedelta(seconds=1)}),
        (Doctor, {"is_active": False}),
        (Doctor, {"deleted_at": func.now()}),
    ],
    ids=["withdrawn", "leaving", "begun", "doctor away", "doctor gone"],
)
def test_what_is_not_offered_is_not_held(desk, slot, patient, table, values):
    session, clerk = desk
    session.execute(update(table).values(**values))

    with pytest.raises(NoSuchSlot):
        hold(session, clerk, slot, patient.id)


def test_a_slot_that_never_was_is_not_held(session, clerk, patient):
    with pytest.raises(NoSuchSlot):
        hold(session, clerk, uuid4(), patient.id)


def test_nobody_is_nobodys_patient(session, clerk, slot):
    with pytest.raises(NoSuchPatient):
        hold(session, clerk, slot, uuid4())


@pytest.mark.parametrize("note", ["x" * 501, "\x00"], ids=["long", "unstorable"])
def test_a_note_fits(session, clerk, slot, patient, note):
    with pytest.raises(InvalidInput):
        hold(session, clerk, slot, patient.id, note=note)


def test_another_violation_is_not_taken_for_an_overlap(
    session, clerk, slot, patient, monkeypatch
):
    monkeypatch.setattr("services.visits.booking.bookings.holding.HOLD_SECONDS", None)

    with pytest.raises(Exception, match="bookings_pending_expire"):
        hold(session, clerk, slot, patient.id)


def test_losing_is_recorded_without_the_winner(session, clerk, slot, patient, other):
    hold(session, clerk, slot, patient.id)

    lost = bookings.hold(session, clerk, wanting(slot, other.id))

    (event,) = events_of(session, "booking:lose")
    assert (event.patient_id, event.subject_id) == (other.id, str(lost.id))
