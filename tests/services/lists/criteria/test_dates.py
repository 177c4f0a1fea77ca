"""Days as people type them into filters and the search box."""

from datetime import date

import pytest

from services.lists.criteria.dates import find_date, read_date

LAST_OF_JANUARY = date(1980, 1, 31)


@pytest.mark.parametrize(
    "typed",
    [
        "1980-01-31",
        " 1980-1-31 ",
        "31.01.1980",
        "31.1.1980",
        "31/01/1980",
        "01/31/1980",
        "31-01-1980",
        "31 Jan 1980",
        "31. January 1980",
        "31 jan. 1980",
        "31-Jan-1980",
        "31Jan1980",
        "Jan 31, 1980",
        "january 31 1980",
        "31. Januar 1980",
        "31. Jän. 1980",
    ],
)
def test_common_spellings_mean_the_same_day(typed):
    assert read_date(typed) == LAST_OF_JANUARY


@pytest.mark.parametrize(
    ("typed", "month"),
    [
        *(("Feber", 2), ("Februar", 2), ("März", 3), ("mär.", 3), ("MÄRZ", 3)),
        *(("Mrz", 3), ("Mai", 5), ("Juni", 6), ("Juli", 7), ("Okt.", 10)),
        *(("Oktober", 10), ("Dez", 12), ("Dezember", 12), ("June", 6), ("July", 7)),
    ],
)
def test_months_are_read_in_the_languages_of_the_pages(typed, month):
    assert read_date(f"5. {typed} 1980") == date(1980, month, 5)


@pytest.mark.parametrize("typed", ["05.05.1980", "5/5/1980"])
def test_a_day_whose_two_readings_agree_is_no_riddle(typed):
    assert read_date(typed) == date(1980, 5, 5)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "1980-01-1998",
        "1980-02-30",
        "1980-13-01",
        "31.01.80",
        "32.01.1980",
        "31.01-1980",
        "31 Foo 1980",
        "0000-01-01",
        "١٩٨٠-٠١-٣١",
        "1980-01-31T10:00",
    ],
)
def test_what_is_no_day_is_not_read(typed):
    assert read_date(typed) is None


def test_a_date_that_could_be_two_days_is_not_guessed():
    assert read_date("01/02/1980") is None


def test_both_days_of_a_date_in_a_text_are_found_with_the_words_around_it():
    days, around = find_date("ada 01/02/1980 king")

    assert days == (date(1980, 2, 1), date(1980, 1, 2))
    assert around.split() == ["ada", "king"]


@pytest.mark.parametrize("typed", ["Ada King", "1234-56-78901", "x1980-01-31"])
def test_a_text_without_a_date_is_left_alone(typed):
    assert find_date(typed) == ((), typed)
