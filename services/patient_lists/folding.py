"""Typed text in the folded form that names and terms are compared in."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy.orm import Session

from services.patient_lists.statements import run

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
