"""Numbers in text fields, where an empty field is no bound."""

import re
from typing import Final, NoReturn

from dashboard.ui.language import GERMAN, current_language, marked
from services.core.errors import InvalidInput
from services.core.sentences import Sentence

_NUMBER: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")


def number_as_typed(number: float | None) -> str:
    """Return a number as it is typed in the language of the page: 36.8 or 36,8."""
    text = "" if number is None else f"{number:.12g}"
    return text.replace(".", ",") if current_language() == GERMAN else text


def number_in(typed: str | None, label: str, field: str) -> float | None:
    """Return the number that was typed, None if nothing was; raises InvalidInput."""
    text = (typed or "").strip().replace(",", ".")
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        _refuse(label, field, marked("{label} must be a number, such as 50."))
    return float(text)


def whole_number_in(typed: str | None, label: str, field: str) -> int | None:
    """Return the whole number that was typed, None if nothing; raises InvalidInput."""
    number = number_in(typed, label, field)
    # 1,000 or 1.000 would be read as 1: some mean a thousand by it.
    if number is not None and not (typed or "").strip().isdecimal():
        _refuse(label, field, marked("{label} must be a whole number, such as 50."))
    return None if number is None else int(number)


def _refuse(label: str, field: str, message: str) -> NoReturn:
    raise InvalidInput(field, Sentence(message, label=Sentence(label)))
