"""The bars of a list's charts as filters of the list."""

import pytest

from dashboard.patients.search.list_charts import age_filter
from services.lists.criteria import (
    Combine,
    Criteria,
    Filter,
    Group,
    Operator,
    narrowed,
)
from services.patients.search.fields import FIELDS
from services.patients.search.statistics import _band

MALE = Filter("sex", Operator.EQUAL, "male")
FEMALE = Filter("sex", Operator.EQUAL, "female")
AGED = Filter("age", Operator.EQUAL, "40")


@pytest.mark.parametrize(
    ("number", "year", "expected"),
    [
        (3, None, Filter("age", Operator.BETWEEN, ("30", "39"))),
        (9, None, Filter("age", Operator.GREATER_THAN_OR_EQUAL, "90")),
        (3, 2026, Filter("birth_year", Operator.BETWEEN, ("1987", "1996"))),
        (9, 2026, Filter("birth_year", Operator.LESS_THAN_OR_EQUAL, "1936")),
    ],
)
def test_a_band_of_ages_is_a_filter_that_can_be_asked(number, year, expected):
    condition = age_filter(_band(number), year)

    assert condition == expected
    assert condition.operator in FIELDS[condition.field].operators


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Group(), Group(Combine.AND, (MALE,))),
        (Group(Combine.AND, (AGED,)), Group(Combine.AND, (AGED, MALE))),
        (Group(Combine.OR, (AGED,)), Group(Combine.AND, (AGED, MALE))),
        (
            Group(Combine.OR, (AGED, FEMALE)),
            Group(Combine.AND, (Group(Combine.OR, (AGED, FEMALE)), MALE)),
        ),
        (Group(Combine.AND, (MALE,)), Group(Combine.AND, (MALE,))),
    ],
)
def test_a_click_asks_for_one_more_thing_and_forgets_none(before, after):
    assert narrowed(Criteria(before, search="a"), MALE) == Criteria(after, search="a")
