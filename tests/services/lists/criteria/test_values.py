"""The meaning of typed values."""

from datetime import date, timedelta
from itertools import product

import pytest

from services.core.errors import InvalidInput
from services.lists.criteria import Filter, Operator
from services.lists.criteria.values import Span, birth_interval, read
from services.patients.search.fields import FIELDS


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


@pytest.mark.parametrize(
    ("typed", "today", "first"),
    [
        ("1 day", date(2026, 11, 20), date(2026, 11, 20)),
        ("30 days", date(2026, 11, 20), date(2026, 10, 22)),
        ("2 weeks", date(2026, 11, 20), date(2026, 11, 7)),
        ("1 month", date(2026, 11, 20), date(2026, 10, 21)),
        ("1 month", date(2026, 3, 31), date(2026, 3, 1)),
        ("12 months", date(2026, 11, 20), date(2025, 11, 21)),
        ("1 year", date(2024, 2, 29), date(2023, 3, 1)),
        ("4 years", date(2024, 2, 29), date(2020, 3, 1)),
        ("11 months", date(2026, 12, 31), date(2026, 2, 1)),
        ("1000 years", date(2026, 1, 1), date(1026, 1, 2)),
    ],
)
def test_the_last_days_end_with_today(typed, today, first):
    (span,) = read(
        FIELDS["date_of_birth"], Filter("date_of_birth", Operator.IN_THE_LAST, typed)
    )

    assert span.first_day(today) == first


@pytest.mark.parametrize("typed", ["7 DAYS", "7days", " 7  days "])
def test_a_number_of_days_may_be_written_in_many_ways(typed):
    condition = Filter("created_at", Operator.IN_THE_LAST, typed)

    assert read(FIELDS["created_at"], condition) == (Span(7, "day"),)


@pytest.mark.parametrize("typed", ["0 days", "1001 days", "-3 days", "days", "3 hours"])
def test_what_is_no_number_of_days_is_refused(typed):
    with pytest.raises(InvalidInput, match="for example 30 days"):
        read(FIELDS["created_at"], Filter("created_at", Operator.IN_THE_LAST, typed))


@pytest.mark.parametrize(
    ("field", "ends"),
    [
        ("date_of_birth", ("1980", "1979-12-31")),
        ("created_at", ("2026-02-01", "2026-01-31")),
        ("created_at", ("2026", "2025")),
        ("age", ("65", "18")),
        ("birth_year", ("1990", "1989")),
    ],
)
def test_ends_the_wrong_way_round_are_refused(field, ends):
    with pytest.raises(InvalidInput, match="swap them"):
        read(FIELDS[field], Filter(field, Operator.BETWEEN, ends))


@pytest.mark.parametrize("ends", [("1980", "1980"), ("1980-05-05", "1980")])
def test_ends_may_be_one_and_the_same(ends):
    condition = Filter("date_of_birth", Operator.BETWEEN, ends)

    assert len(read(FIELDS["date_of_birth"], condition)) == 2
