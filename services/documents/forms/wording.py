"""In which language a paper speaks; papers of the clinic's own work are English."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.core.sentences import with_days


def _number(number: float, places: int) -> str:
    return f"{number:,.{places}f}"


def _month(day: date) -> str:
    return f"{day:%b %Y}"


@dataclass(frozen=True, slots=True)
class Wording:
    """How a paper says its sentences and days, in a language of ISO 639-1.

    Services know no catalogues: who makes a paper for somebody hands theirs in. What
    stands in a record is told as it stands there. `number` writes one with so many
    decimals, `month` that of a day with its year.
    """

    language: str
    say: Callable[[str], str]
    day: Callable[[date], str]
    number: Callable[[float, int], str] = _number
    month: Callable[[date], str] = _month


def _day(day: date) -> str:
    # In words, because 3/4 is read as March here and as April there.
    return f"{day.day} {day:%B %Y}"


def _say(sentence: str) -> str:
    return with_days(sentence, _day)


ENGLISH: Final = Wording("en", _say, _day)
