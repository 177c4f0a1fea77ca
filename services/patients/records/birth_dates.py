"""Parsing a date of birth the way people write it."""

import re
from datetime import date
from typing import Final

from services.core.errors import InvalidInput

# In the languages of the pages.
_MONTHS: Final = (
    ("january", "januar", "jänner"),
    ("february", "februar", "feber"),
    ("march", "märz", "maerz", "mrz"),
    ("april",),
    ("may", "mai"),
    ("june", "juni"),
    ("july", "juli"),
    ("august",),
    ("september",),
    ("october", "oktober"),
    ("november",),
    ("december", "dezember"),
)
_LEAST_LETTERS: Final = 3

# [0-9] rather than \d, which also matches digits of other scripts.
_ONE_MEANING: Final = tuple(
    map(
        re.compile,
        (
            r"(?P<year>[0-9]{4})([-/.])(?P<month>[0-9]{1,2})\2(?P<day>[0-9]{1,2})",
            r"(?P<day>[0-9]{1,2})\.?[ -](?P<month>[a-zä]+)\.?[ -](?P<year>[0-9]{4})",
            r"(?P<month>[a-zä]+)\.? (?P<day>[0-9]{1,2}) (?P<year>[0-9]{4})",
        ),
    )
)
_EITHER_ORDER: Final = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})")

_SHORT_YEAR: Final = re.compile(
    r"([0-9]{1,2}|[a-zä]+)\.?[-/. ]([0-9]{1,2}|[a-zä]+)\.?[-/. ][0-9]{2}"
)


def parse_date_of_birth(text: str) -> date:
    """Parse a date that can be read in one way only, or raise InvalidInput.

    "01/02/1980" is refused: half of the world reads it as another day.
    """
    written = " ".join(text.lower().replace(",", " ").split())
    for pattern in _ONE_MEANING:
        if match := pattern.fullmatch(written):
            day = _date(match["year"], match["month"], match["day"])
            return _only({day} if day else set())
    if match := _EITHER_ORDER.fullmatch(written):
        first, _, second, year = match.groups()
        readings = _date(year, first, second), _date(year, second, first)
        return _only({day for day in readings if day})
    if _SHORT_YEAR.fullmatch(written):
        # Of the living, some were born in 1926 and some in 2026.
        raise InvalidInput(
            "date_of_birth",
            "The year of the date of birth has two digits only; enter all four, for "
            "example 1980-01-31.",
        )
    return _only(set())


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), _month(month), int(day))
    except ValueError:
        return None


def _month(written: str) -> int:
    if written.isdigit():
        return int(written)
    if len(written) >= _LEAST_LETTERS:
        for number, names in enumerate(_MONTHS, start=1):
            if any(name.startswith(written) for name in names):
                return number
    raise ValueError(written)


def _only(readings: set[date]) -> date:
    if len(readings) == 1:
        return readings.pop()
    raise InvalidInput(
        "date_of_birth",
        (
            "Date of birth could be two different days; enter it as year-month-day, "
            "for example 1980-01-31."
        )
        if readings
        else (
            "Date of birth is not a date; enter it as year-month-day, for example "
            "1980-01-31."
        ),
    )
