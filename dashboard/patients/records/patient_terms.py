"""The terms that patients' lists already use, offered while typing."""

from collections.abc import Sequence
from typing import Final

from dashboard.context import current_actor, read
from services.patients import search

# Enough to see the common spellings; whoever needs another one types it.
_MOST: Final = 300


def suggest(kind: str) -> Sequence[str]:
    """Return known terms of a kind: allergies, medical_history, current_medications."""
    return read(
        lambda session: search.list_terms(session, current_actor(), kind, limit=_MOST),
        keep=("terms", kind),
        seconds=300,
    )
