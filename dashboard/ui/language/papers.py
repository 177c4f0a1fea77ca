"""The texts, days and numbers of a file: in the language of the page, or another."""

from collections.abc import Callable
from typing import ParamSpec

from dashboard.ui.language import (
    current_language,
    day_in_full,
    decimal,
    long_date,
    long_month,
    month_and_year,
    short_date,
    translated,
    using_language,
)
from services.core.actors import LANGUAGES
from services.documents.forms import Wording

P = ParamSpec("P")


def wording_of_page() -> Wording:
    """Return the wording of a file for the reader of the current page."""
    return wording_in(None, current_language())


def wording_in(language: str | None, usual: str) -> Wording:
    """Return the wording of a file in a language; in the usual one if it is unknown."""
    spoken = language if language in LANGUAGES else usual

    def spoken_in(write: Callable[P, str]) -> Callable[P, str]:
        def written(*args: P.args, **named: P.kwargs) -> str:
            with using_language(spoken):
                return write(*args, **named)

        return written

    return Wording(
        spoken,
        spoken_in(translated),
        spoken_in(long_date),
        spoken_in(decimal),
        spoken_in(month_and_year),
        spoken_in(day_in_full),
        spoken_in(short_date),
        spoken_in(long_month),
    )
