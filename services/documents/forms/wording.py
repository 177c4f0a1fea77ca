"""The language of a paper: its reader's, or the clinic's own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.core.sentences import with_days


def _number(number: float, places: int) -> str:
    return f"{number:,.{places}f}"


def _month(day: date) -> str:
    return f"{day:%b %Y}"


def _long_month(day: date) -> str:
    return f"{day:%B %Y}"


def _full_day(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B %Y}"


def _short_day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


@dataclass(frozen=True, slots=True)
class Wording:
    """How a paper writes its sentences and days, in a language by ISO 639-1.

    Services have no catalogues: whoever makes a paper for somebody passes theirs in.
    Text from a record is printed as it is. `day` writes a day with its month in words,
    `short_day` with its month abbreviated and `full_day` with its weekday; `month`
    writes the month of a day, abbreviated, with its year, `long_month` in full, and
    `number` a number with the given decimals.
    """

    language: str
    say: Callable[[str], str]
    day: Callable[[date], str]
    number: Callable[[float, int], str] = _number
    month: Callable[[date], str] = _month
    full_day: Callable[[date], str] = _full_day
    short_day: Callable[[date], str] = _short_day
    long_month: Callable[[date], str] = _long_month


def _day(day: date) -> str:
    # With the month in letters, because 3/4 is in March in some places, in April in
    # others.
    return f"{day.day} {day:%B %Y}"


def _say(sentence: str) -> str:
    return with_days(sentence, _day)


ENGLISH: Final = Wording("en", _say, _day)
