"""Typed text in the folded form that names and terms are compared in."""

from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy.orm import Session

from services.lists.criteria.patterns import containing
from services.lists.criteria.shape import FoldedText
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


def comparable(
    value: object, folded: Mapping[str, str], *, lowered: frozenset[str] = frozenset()
) -> object:
    """Return typed text in the form that its column has; all else as it is.

    Accents matter in the fields named by `lowered`, as they do in their columns.
    """
    if not isinstance(value, FoldedText):
        return value
    text = value.text.lower() if value.field in lowered else folded[value.text]
    return containing(text) if value.is_pattern else text
