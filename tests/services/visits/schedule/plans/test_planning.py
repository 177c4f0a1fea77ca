"""Slots follow the plan, however often they are made."""

from datetime import time, timedelta

import pytest
from sqlalchemy import delete, update

from db.models.booking import BookingSlot
from db.models.doctor import Doctor
from services.visits.schedule import plans
from services.visits.schedule.plans import (
    Calendar,
    ExceptionDraft,
    ExceptionKind,
    Hours,
    weeks,
)
from services.visits.schedule.plans.errors import NoSuchException
from tests.kit import cast
from tests.services.visits.schedule.plans.samples import (
    FORTNIGHT,
    MORNING,
    doctor,
    next_day,
    slots_of,
    take,
    times_of,
    tomorrow,
)

MORNINGS = ["09:00", "09:30", "10:00", "10:30"]


@pytest.fixture
def dora(session):
    return doctor(session)


@pytest.fixture
def planned(session, clerk, dora):
    weeks.change_week(session, clerk, dora, MORNING, FORTNIGHT)
    return dora


def say(session, clerk, kind, hours, whose):
    starts, ends = hours
    draft = ExceptionDraft(kind, tomorrow(starts), tomorrow(ends), whose)
    return plans.add_exception(session, clerk, draft, FORTNIGHT)


def test_a_plan_makes_slots_for_every_day_of_the_horizon(session, planned):
    last = next_day() + timedelta(days=12)

    assert times_of(session, planned, next_day()) == MORNINGS
    assert times_of(session, planned, last) == MORNINGS
    assert times_of(session, planned, last + timedelta(days=1)) == []


def test_a_break_has_no_slots_and_they_go_on_when_it_ends(session, clerk, dora):
    week = (
        Hours(next_day().isoweekday(), time(9), time(12)),
        Hours(next_day().isoweekday(), time(10, 10), time(10, 50), "break"),
    )

    weeks.change_week(session, clerk, dora, week, FORTNIGHT)

    assert times_of(session, dora, next_day()) == ["09:00", "09:30", "10:50", "11:20"]


def test_a_plan_that_is_applied_again_changes_nothing(session, clerk, planned):
    before = slots_of(session, planned, next_day())

    again = plans.extend(session, [planned], FORTNIGHT)

    assert (again.added, again.withdrawn, again.left) == (0, 0, 0)
    assert slots_of(session, planned, next_day()) == before


def test_a_later_horizon_adds_only_what_is_new(session, planned):
    further = plans.extend(session, [planned], Calendar("Europe/Berlin", 15))

    assert (further.added, further.withdrawn) == (4, 0)


def test_a_plan_for_less_withdraws_what_is_free(session, clerk, planned):
    shorter = [Hours(stretch.weekday, time(9), time(10)) for stretch in MORNING]

    weeks.change_week(session, clerk, planned, shorter, FORTNIGHT)

    assert times_of(session, planned, next_day()) == ["09:00", "09:30"]


@pytest.mark.parametrize("seconds", [None, 60], ids=["booked", "held"])
def test_what_somebody_has_stays_with_them_and_is_free_for_nobody_else(
    session, clerk, planned, seconds
):
    taken = slots_of(session, planned, next_day())[3]
    take(session, taken, cast.add_patient(session), seconds=seconds)

    changed = weeks.change_week(session, clerk, planned, (), FORTNIGHT)

    assert changed.left == 1
    assert slots_of(session, planned, next_day()) == [taken]
    assert taken.is_leaving


def test_an_expired_hold_keeps_no_slot(session, clerk, planned):
    take(
        session,
        slots_of(session, planned, next_day())[3],
        cast.add_patient(session),
        seconds=-0.1,
    )

    changed = weeks.change_week(session, clerk, planned, (), FORTNIGHT)

    assert changed.left == 0
    assert slots_of(session, planned, next_day()) == []


def test_a_slot_that_was_kept_for_its_hold_goes_when_the_hold_is_over(
    session, clerk, planned
):
    taken = slots_of(session, planned, next_day())[0]
    booking_id = take(session, taken, cast.add_patient(session))
    weeks.change_week(session, clerk, planned, (), FORTNIGHT)
    gone = delete(BookingSlot).where(BookingSlot.booking_id == booking_id)
    session.execute(gone)

    later = plans.extend(session, [planned], FORTNIGHT)

    assert (later.withdrawn, later.left) == (1, 0)


def test_a_slot_whose_time_comes_back_is_anybodys_again(session, clerk, planned):
    taken = slots_of(session, planned, next_day())[0]
    take(session, taken, cast.add_patient(session))
    weeks.change_week(session, clerk, planned, (), FORTNIGHT)

    weeks.change_week(session, clerk, planned, MORNING, FORTNIGHT)

    assert slots_of(session, planned, next_day())[0] == taken
    assert not taken.is_leaving


def test_a_new_plan_leaves_out_what_overlaps_with_a_visit(session, clerk, planned):
    take(session, slots_of(session, planned, next_day())[1], cast.add_patient(session))
    shifted = [Hours(stretch.weekday, time(9, 10), time(11, 10)) for stretch in MORNING]

    weeks.change_week(session, clerk, planned, shifted, FORTNIGHT)

    assert times_of(session, planned, next_day()) == ["09:30", "10:10", "10:40"]


def test_who_cannot_be_booked_has_no_free_slots(session, planned):
    session.execute(update(Doctor).where(Doctor.id == planned).values(is_active=False))

    plans.extend(session, [planned], FORTNIGHT)

    assert slots_of(session, planned, next_day()) == []


@pytest.mark.parametrize("kind", [ExceptionKind.HOLIDAY, ExceptionKind.BLOCKED])
@pytest.mark.parametrize("is_whole_clinic", [True, False], ids=["all", "one"])
def test_a_closed_time_has_no_slots_that_touch_it(
    session, clerk, planned, kind, is_whole_clinic
):
    whose = None if is_whole_clinic else planned

    say(session, clerk, kind, (time(9, 45), time(10, 15)), whose)

    assert times_of(session, planned, next_day()) == ["09:00", "10:30"]


def test_special_hours_replace_the_plan_and_open_on_a_holiday(session, clerk, planned):
    say(session, clerk, ExceptionKind.HOLIDAY, (time(0), time(23)), None)

    say(session, clerk, ExceptionKind.HOURS, (time(14), time(15)), planned)

    assert times_of(session, planned, next_day()) == ["14:00", "14:30"]


def test_what_is_blocked_is_closed_in_special_hours_too(session, clerk, planned):
    say(session, clerk, ExceptionKind.HOURS, (time(14), time(15)), planned)

    say(session, clerk, ExceptionKind.BLOCKED, (time(14), time(14, 30)), planned)

    assert times_of(session, planned, next_day()) == ["14:30"]


def test_an_exception_that_is_taken_back_brings_the_slots_back(session, clerk, planned):
    say(session, clerk, ExceptionKind.BLOCKED, (time(9), time(10)), planned)
    (blocked,) = plans.list_exceptions(session, clerk, planned)

    plans.remove_exception(session, clerk, blocked.id, FORTNIGHT)

    assert times_of(session, planned, next_day()) == MORNINGS
    with pytest.raises(NoSuchException):
        plans.remove_exception(session, clerk, blocked.id, FORTNIGHT)


def test_another_doctors_exception_changes_nothing(session, clerk, planned):
    other = doctor(session, name=cast.DOCTOR_EMIL.name)

    say(session, clerk, ExceptionKind.BLOCKED, (time(9), time(10)), other)

    assert times_of(session, planned, next_day()) == MORNINGS
