"""Looks at lists: whom a screen has shown within the hour, as the audit log has it.

A list that is drawn anew every minute is one look an hour. Whoever is new in it is
recorded at once.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, now

# Somebody who leaves a list open has looked again after this time.
_ONE_LOOK: Final = timedelta(hours=1)
_KEY: Final = "recorded_look_"


@dataclass(slots=True)
class RecordedLook:
    """A look at a list since a time; `shown` is None until the list has been read."""

    since: datetime
    shown: frozenset[UUID] | None = None

    def add(self, ids: Iterable[UUID]) -> None:
        """Note who was shown, once that has been recorded."""
        self.shown = (self.shown or frozenset()).union(ids)


def look_at(name: str, request: Hashable) -> RecordedLook:
    """Return this person's look at a list that began within the hour, or a new one.

    To request something else of the list, such as another day, is another look.
    """
    whole_request = (current_actor().id, request)
    known: tuple[Hashable, RecordedLook] | None = st.session_state.get(_KEY + name)
    if known and known[0] == whole_request and now() - known[1].since < _ONE_LOOK:
        return known[1]
    look = RecordedLook(now())
    st.session_state[_KEY + name] = (whole_request, look)
    return look
