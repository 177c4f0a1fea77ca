"""Plans are clock times, also on the days when the clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest

from services.visits.schedule import plans
from services.visits.schedule.plans import Calendar, Hours, weeks
from tests.services.visits.schedule.plans.samples import (
    BERLIN,
    doctor,
    slots_of,
    times_of,
)

_YEAR = Calendar("Europe/Berlin", 366)


def _next_change(*, hours: int) -> date:
    """Return the next day that is this much shorter or longer than others."""
    today = datetime.now(BERLIN).date()
    for number in range(1, 366):
        day = today + timedelta(days=number)
        begins, ends = (
            datetime.combine(midnight, time(0), BERLIN).astimezone(UTC)
            for midnight in (day, day + timedelta(days=1))
        )
        if ends - begins == timedelta(hours=24 + hours):
            return day
    raise LookupError(hours)


_SPRING = _next_change(hours=-1)
_AUTUMN = _next_change(hours=1)


def _plan(session, clerk, minutes, *hours):
    dora = doctor(session, slot_minutes=minutes)
    week = [Hours(7, starts, ends) for starts, ends in hours]
    weeks.change_week(session, clerk, dora, week, _YEAR)
    return dora


def test_times_that_the_clocks_skip_have_no_slots(session, clerk):
    dora = _plan(session, clerk, 30, (time(1), time(4)))

    assert times_of(session, dora, _SPRING) == ["01:00", "01:30", "03:00", "03:30"]


def test_times_that_come_twice_have_one_slot(session, clerk):
    dora = _plan(session, clerk, 30, (time(1), time(4)))

    slots = slots_of(session, dora, _AUTUMN)

    assert times_of(session, dora, _AUTUMN) == [
        *("01:00", "01:30", "02:00", "02:30", "03:00", "03:30")
    ]
    assert all(slot.ends_at - slot.starts_at == timedelta(minutes=30) for slot in slots)


@pytest.mark.parametrize(
    ("minutes", "times"),
    [(25, ["01:45", "03:25"]), (40, ["01:45", "03:45"]), (20, ["01:45", "03:05"])],
    ids=str,
)
def test_a_slot_that_runs_into_what_is_skipped_overlaps_with_none(
    session, clerk, minutes, times
):
    dora = _plan(session, clerk, minutes, (time(1, 45), time(4, 30)))

    slots = slots_of(session, dora, _SPRING)

    assert times_of(session, dora, _SPRING)[:2] == times
    assert all(
        slot.ends_at <= following.starts_at for slot, following in pairwise(slots)
    )


@pytest.mark.parametrize("day", [_SPRING, _AUTUMN], ids=["spring", "autumn"])
def test_the_hours_of_a_clinic_stay_what_the_clock_says(session, clerk, day):
    dora = _plan(session, clerk, 60, (time(9), time(12)))
    others = day - timedelta(days=7)

    assert times_of(session, dora, day) == ["09:00", "10:00", "11:00"]
    assert times_of(session, dora, others) in (["09:00", "10:00", "11:00"], [])


@pytest.mark.parametrize("day", [_SPRING, _AUTUMN], ids=["spring", "autumn"])
def test_nothing_changes_when_a_plan_is_applied_again(session, clerk, day):
    dora = _plan(session, clerk, 25, (time(0, 45), time(5)))
    before = times_of(session, dora, day)

    again = plans.extend(session, [dora], _YEAR)

    assert (again.added, again.withdrawn) == (0, 0)
    assert times_of(session, dora, day) == before
