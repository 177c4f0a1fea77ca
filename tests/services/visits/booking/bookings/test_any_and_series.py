"""Booking with any doctor, and at the same time every week."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from db.models.booking import Appointment, Booking
from services.core.errors import InvalidInput
from services.visits.booking import bookings
from services.visits.booking.bookings import AnyRequest, BookingStatus, SeriesRequest
from services.visits.booking.bookings.errors import (
    AttemptKeyReused,
    HoldExpired,
    NoSuchSlot,
    TooManyHolds,
)
from tests.kit import cast
from tests.services.visits.booking.bookings import samples
from tests.services.visits.booking.bookings.samples import FIRST, count, hold, let_pass

SKIN = {"speciality": "Dermatology"}


def wanted(patient, starts_at=FIRST, **values) -> AnyRequest:
    return AnyRequest("Dermatology", starts_at, patient.id, uuid4(), **values)


def test_any_doctor_is_one_of_the_speciality_who_is_free(session, clerk, slot, patient):
    busy, free = cast.add_doctor(session, **SKIN), cast.add_doctor(session, **SKIN)
    taken = samples.slot(session, busy)
    left = samples.slot(session, free)
    hold(session, clerk, taken, patient.id, override_reason="Two of them at once")

    booking = bookings.hold_any(
        session, clerk, wanted(patient, override_reason="Two of them at once")
    )

    assert (booking.slot_id, booking.status) == (left, BookingStatus.PENDING)
    assert slot != left


def test_whoever_has_the_fewest_visits_comes_first(session, clerk, patient, other):
    busy, idle = cast.add_doctor(session, **SKIN), cast.add_doctor(session, **SKIN)
    for doctor in (busy, idle):
        samples.slot(session, doctor)
    before = samples.slot(session, busy, 3)
    bookings.confirm(session, clerk, hold(session, clerk, before, other.id).id)

    booking = bookings.hold_any(session, clerk, wanted(patient))

    assert booking.doctor_id == idle.id


def test_the_same_attempt_at_any_doctor_is_one_booking(session, herself, patient):
    for _ in range(2):
        samples.slot(session, cast.add_doctor(session, **SKIN))
    request = wanted(patient)
    first = bookings.hold_any(session, herself, request)

    again = bookings.hold_any(session, herself, request)

    assert again.id == first.id
    assert count(session, Booking) == 1


@pytest.mark.parametrize("other_wish", ["whose", "when"])
def test_an_attempt_at_any_doctor_is_of_one_wish(
    session, clerk, patient, other, other_wish
):
    samples.slot(session, cast.add_doctor(session, **SKIN))
    request = wanted(patient)
    bookings.hold_any(session, clerk, request)
    later = FIRST + timedelta(hours=1)
    changed = {"whose": {"patient_id": other.id}, "when": {"starts_at": later}}

    with pytest.raises(AttemptKeyReused):
        bookings.hold_any(session, clerk, replace(request, **changed[other_wish]))


def test_nobody_is_free_at_another_time(session, clerk, patient):
    samples.slot(session, cast.add_doctor(session, **SKIN), 1)

    with pytest.raises(NoSuchSlot):
        bookings.hold_any(session, clerk, wanted(patient))


def test_a_speciality_is_one_however_it_is_spelt(session, clerk, patient):
    left = samples.slot(session, cast.add_doctor(session, speciality="dermatology"))

    booking = bookings.hold_any(session, clerk, wanted(patient))

    assert booking.slot_id == left


def test_a_series_is_the_same_time_every_week(session, clerk, dora, slot, patient):
    second = samples.slot(session, dora, starts_at=FIRST + timedelta(weeks=1))
    third = samples.slot(session, dora, starts_at=FIRST + timedelta(weeks=2))
    hold(session, clerk, second, patient.id)

    series = bookings.preview_series(session, clerk, slot, 4, ZoneInfo("UTC"))

    assert [(offer.slot_id, offer.state) for offer in series] == [
        (slot, "free"),
        (second, "held"),
        (third, "free"),
        (None, "none"),
    ]


def test_what_ran_out_is_free_in_a_series(session, clerk, slot, patient):
    let_pass(session, hold(session, clerk, slot, patient.id), 121)

    (only,) = bookings.preview_series(session, clerk, slot, 1, ZoneInfo("UTC"))

    assert only.state == "free"


def test_a_series_keeps_to_the_clinics_clock(session, clerk, dora):
    berlin = ZoneInfo("Europe/Berlin")
    # In the night of the 25th of October 2037 the clocks go back there.
    before = samples.slot(
        session, dora, starts_at=datetime(2037, 10, 21, 9, tzinfo=berlin)
    )
    after = samples.slot(
        session, dora, starts_at=datetime(2037, 10, 28, 9, tzinfo=berlin)
    )

    series = bookings.preview_series(session, clerk, before, 2, berlin)

    assert [offer.slot_id for offer in series] == [before, after]
    assert series[1].starts_at - series[0].starts_at == timedelta(weeks=1, hours=1)


@pytest.mark.parametrize("times", [0, 13])
def test_a_series_has_a_length(session, clerk, slot, times):
    with pytest.raises(InvalidInput, match="1 to 12"):
        bookings.preview_series(session, clerk, slot, times, ZoneInfo("UTC"))


def weeks(session, dora, number: int):
    return tuple(
        samples.slot(session, dora, starts_at=FIRST + timedelta(weeks=week))
        for week in range(number)
    )


def test_what_is_free_of_a_series_is_held_and_confirmed_together(
    session, clerk, dora, patient, other
):
    slots = weeks(session, dora, 3)
    hold(session, clerk, slots[1], other.id)
    request = SeriesRequest(slots, patient.id, uuid4())

    held = bookings.hold_series(session, clerk, request)
    again = bookings.hold_series(session, clerk, request)
    confirmed = bookings.confirm_series(
        session, clerk, request.series_id, note="Physiotherapy"
    )

    assert [booking.slot_id for booking in held] == list(slots)
    assert [booking.status for booking in held] == ["pending", "failed", "pending"]
    assert [booking.id for booking in again] == [booking.id for booking in held]
    assert [booking.id for booking in confirmed] == [held[0].id, held[2].id]
    assert {booking.note for booking in confirmed} == {"Physiotherapy"}
    assert count(session, Appointment) == 2


def test_a_series_is_confirmed_as_a_whole_or_not(session, clerk, dora, patient):
    request = SeriesRequest(weeks(session, dora, 2), patient.id, uuid4())
    held = bookings.hold_series(session, clerk, request)
    let_pass(session, held[1], 121)

    with pytest.raises(HoldExpired), session.begin_nested():
        bookings.confirm_series(session, clerk, request.series_id)

    assert count(session, Appointment) == 0


def test_a_series_is_one_patients(session, clerk, dora, patient, other):
    first, second = weeks(session, dora, 2)
    request = SeriesRequest((first,), patient.id, uuid4())
    bookings.hold_series(session, clerk, request)

    with pytest.raises(AttemptKeyReused):
        bookings.hold_series(
            session, clerk, replace(request, slot_ids=(second,), patient_id=other.id)
        )


def test_nothing_held_is_nothing_confirmed(session, clerk):
    with pytest.raises(HoldExpired):
        bookings.confirm_series(session, clerk, uuid4())


def test_patients_hold_a_series_of_more_than_three(session, herself, dora, patient):
    request = SeriesRequest(weeks(session, dora, 5), patient.id, uuid4())

    held = bookings.hold_series(session, herself, request)

    assert len(held) == 5
    assert datetime.now(UTC) < held[0].expires_at


def test_a_series_needs_room_for_one_hold_only(session, herself, dora, patient):
    for number in range(1, 3):
        hold(session, herself, samples.slot(session, dora, number), patient.id)
    request = SeriesRequest(weeks(session, dora, 3), patient.id, uuid4())

    held = bookings.hold_series(session, herself, request)

    assert len(held) == 3
    with pytest.raises(TooManyHolds):
        hold(session, herself, samples.slot(session, dora, 3), patient.id)
    with pytest.raises(TooManyHolds):
        bookings.hold_series(
            session,
            herself,
            SeriesRequest((samples.slot(session, dora, 4),), patient.id, uuid4()),
        )
