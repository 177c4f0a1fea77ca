"""A weekday edited by its hours: read, stored as it was, and cut into visits."""

from datetime import time

import pytest

from services.visits.schedule import plans
from services.visits.schedule.plans import Hours
from services.visits.schedule.plans.errors import InvalidWeek

_WITH_BREAK = (
    Hours(1, time(8), time(18)),
    Hours(1, time(12, 20), time(13), "break"),
    Hours(2, time(9), time(11)),
)


def test_a_break_parts_the_hours_that_are_worked():
    assert plans.open_stretches(_WITH_BREAK, 1) == [
        Hours(1, time(8), time(12, 20)),
        Hours(1, time(13), time(18)),
    ]
    assert plans.open_stretches(_WITH_BREAK, 3) == []


def test_a_break_that_begins_with_the_hours_leaves_what_follows():
    day = [Hours(1, time(8), time(12)), Hours(1, time(8), time(9), "break")]

    assert plans.open_stretches(day, 1) == [Hours(1, time(9), time(12))]


def test_a_day_that_is_open_as_before_stays_as_it_is_written():
    chosen = [(time(8), time(12, 20)), (time(13), time(18)), (None, None)]

    assert plans.read_day(_WITH_BREAK, 1, chosen) == list(_WITH_BREAK[:2])


def test_a_day_that_was_changed_is_what_was_chosen():
    chosen = [(None, None), (time(13), time(18))]

    assert plans.read_day(_WITH_BREAK, 1, chosen) == [Hours(1, time(13), time(18))]


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ([(time(8), None)], "Sunday, morning: the end is missing."),
        ([(None, None), (None, time(8))], "Sunday, afternoon: the beginning is"),
        ([(None, None)], "Sunday has no hours."),
    ],
    ids=["no end", "no beginning", "nothing"],
)
def test_a_day_that_is_half_chosen_is_refused(chosen, said):
    with pytest.raises(InvalidWeek, match=said):
        plans.read_day((), 7, chosen)


@pytest.mark.parametrize(
    ("chosen", "visits"),
    [
        ([(time(8), time(9, 10))], ["08:00", "08:30"]),
        ([(time(8), time(8, 45)), (time(8, 45), time(9, 30))], "08:00 08:30 09:00"),
        ([(time(13), time(14)), (time(8), time(8, 30))], ["08:00", "13:00", "13:30"]),
        ([(time(8), time(10)), (time(8, 30), time(9))], "08:00 08:30 09:00 09:30"),
        ([(time(9), time(8)), (time(9), None), (None, None)], []),
        ([(time(23), time(23, 59))], ["23:00"]),
    ],
    ids=["rest", "touching", "unordered", "overlap", "not chosen", "late"],
)
def test_visits_fill_the_hours_one_after_the_other(chosen, visits):
    wanted = visits.split() if isinstance(visits, str) else visits

    times = plans.visits_of_day(chosen, 30)

    assert [f"{begins:%H:%M}" for begins, _ in times] == wanted
