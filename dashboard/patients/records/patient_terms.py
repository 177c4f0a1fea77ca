"""The terms that patients' lists already use, offered while typing."""

from collections.abc import Mapping, Sequence
from typing import Final

from dashboard.context import CachedRead, current_actor, read_all
from services.patients import search
from services.patients.records.model import LISTS

# Enough to see the common spellings; people type any others.
_MOST: Final = 300


def suggest(kind: str) -> Sequence[str]:
    """Return known terms of a kind: allergies, medical_history, current_medications."""
    (terms,) = read_all(terms_read())
    known: Sequence[str] = terms[kind]
    return known


def terms_read() -> CachedRead[Mapping[str, Sequence[str]]]:
    """Return the read that `suggest` needs: all kinds, whichever it is asked for."""
    actor = current_actor()
    return CachedRead(
        lambda session: {
            kind: search.list_terms(session, actor, kind, limit=_MOST) for kind in LISTS
        },
        keep="terms",
        seconds=300,
    )
