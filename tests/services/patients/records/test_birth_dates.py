"""Dates of birth as people write them."""

from datetime import date

import pytest

from services.core.errors import InvalidInput
from services.patients.records import patients


@pytest.mark.parametrize(
    "written",
    [
        "1980-01-31",
        " 1980-1-31 ",
        "1980/01/31",
        "1980.01.31",
        "31.01.1980",
        "31/1/1980",
        "1/31/1980",
        "01-31-1980",
        "31 Jan 1980",
        "31. January 1980",
        "31-JAN-1980",
        "Jan 31, 1980",
        "january 31 1980",
        "Jan. 31,1980",
    ],
)
def test_every_spelling_with_one_meaning_is_read(written):
    assert patients.parse_date_of_birth(written) == date(1980, 1, 31)


def test_the_same_number_twice_has_one_meaning():
    assert patients.parse_date_of_birth("05/05/1980") == date(1980, 5, 5)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("5. März 1980", date(1980, 3, 5)),
        ("5.\u00a0März 1980", date(1980, 3, 5)),
        ("5. Mrz. 1980", date(1980, 3, 5)),
        ("31. Jänner 1980", date(1980, 1, 31)),
        ("12 Mai 1980", date(1980, 5, 12)),
        ("1. Okt. 1980", date(1980, 10, 1)),
        ("24. Dezember 1980", date(1980, 12, 24)),
    ],
)
def test_german_months_are_read(written, day):
    assert patients.parse_date_of_birth(written) == day


@pytest.mark.parametrize(
    "written", ["29.2.96", "2/29/96", "96-02-29", "29 Feb 96", "Feb. 29, 96"]
)
def test_four_digits_are_asked_for_where_the_year_has_two(written):
    with pytest.raises(InvalidInput, match="has two digits only; enter all four"):
        patients.parse_date_of_birth(written)


@pytest.mark.parametrize("written", ["01/02/1980", "1.2.1980", "12-11-1980"])
def test_a_date_that_could_be_two_days_is_refused(written):
    with pytest.raises(InvalidInput, match="two different days; enter it as year"):
        patients.parse_date_of_birth(written)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "1980-01-1998",
        "1980-02-30",
        "1980-13-01",
        "1980-W05-1",
        "19800131",
        "31/13/1980",
        "32/01/1980",
        "1/31-1980",
        "31 Foo 1980",
        "31 Ma 1980",
        "31/01/80",
        "0000-01-01",
        "1980-01-31T00:00",
        "١٩٨٠-٠١-٣١",
        "yesterday",
    ],
)
def test_what_is_no_date_is_refused_and_an_example_given(written):
    with pytest.raises(InvalidInput, match="for example 1980-01-31") as refused:
        patients.parse_date_of_birth(written)

    assert refused.value.property_name == "date_of_birth"
