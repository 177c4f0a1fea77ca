"""What typed values mean."""

from datetime import date, timedelta
from itertools import product

import pytest

from services.lists.criteria.values import birth_interval


def age(born, today):
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


@pytest.mark.parametrize(
    "today",
    [
        date(2024, 2, 28),
        date(2024, 2, 29),
        date(2024, 3, 1),
        date(2026, 2, 28),
        date(2026, 3, 1),
        date(2026, 11, 20),
        date(2026, 12, 31),
        date(2026, 1, 1),
    ],
    ids=str,
)
def test_an_age_is_a_year_of_birthdays_leap_days_included(today):
    for years, around in product((0, 1, 2, 4, 26, 100), (-1, 0, 1)):
        first, end = birth_interval(years, today)
        for day in (first + timedelta(around), end + timedelta(around)):
            assert (first <= day < end) == (age(day, today) == years)
