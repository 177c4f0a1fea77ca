"""Days are read and written as usual in the language of the page."""

from datetime import date

import pytest

from dashboard.ui.language import ENGLISH, GERMAN, using_language
from dashboard.ui.words import read_days, write_day, write_days


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("05.03.1980", "1980-03-05"),
        ("5.3.1980, 1990, 31. 12. 1999", "1980-03-05, 1990, 1999-12-31"),
        ("31.02.1980", "31.02.1980"),
        ("05/03/1980", "05/03/1980"),
        ("105.03.1980", "105.03.1980"),
        ("bald", "bald"),
    ],
)
def test_in_german_the_day_comes_first_where_dots_stand(typed, read):
    with using_language(GERMAN):
        assert read_days(typed) == read


def test_in_english_two_readings_stay_a_riddle():
    with using_language(ENGLISH):
        assert read_days("05.03.1980") == "05.03.1980"


@pytest.mark.parametrize(
    ("language", "written"), [(ENGLISH, "1980-03-05"), (GERMAN, "05.03.1980")]
)
def test_what_is_written_is_read_again(language, written):
    with using_language(language):
        assert write_day(date(1980, 3, 5)) == written
        assert write_days("1980-03-05, 1990") == f"{written}, 1990"
        assert read_days(written) == "1980-03-05"
        assert write_days("1980-03-05T10:00") == "1980-03-05T10:00"
