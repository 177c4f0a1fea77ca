"""Typed text in the folded form that names and terms are compared in."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from sqlalchemy.orm import Session

from services.lists.criteria.patterns import containing
from services.lists.criteria.shape import FoldedText, Mention
from services.lists.statements import run

_FOLD: Final = "SELECT text, fold(text) FROM unnest(%(texts)s) AS text"


def fold(session: Session, texts: Iterable[str]) -> dict[str, str]:
    """Return each text with its folded form.

    The database has the table of accents, and is asked only where there may be some:
    calling fold() within a list's own statement would cost as much as its planning.
    """
    folded = {text: text.lower() for text in texts}
    if accented := [text for text in folded if not text.isascii()]:
        folded.update(run(session, _FOLD, {"texts": accented}))
    return folded


def comparable(value: object, folded: Mapping[str, str]) -> object:
    """Return typed text in the form that its column has; all else as it is."""
    match value:
        case FoldedText(text, is_pattern, has_accents):
            text = text.lower() if has_accents else folded[text]
            return containing(text) if is_pattern else text
        case Mention():
            return replace(value, text=folded[value.text])
        case _:
            return value
