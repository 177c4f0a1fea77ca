"""How pages read from a delayed standby, and how it is made to wait."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

import streamlit as st
from sqlalchemy.orm import Session

from dashboard import wiring
from dashboard.context import current_actor, read_elsewhere, write
from services.core.errors import Unavailable
from services.patients import point_in_time

T = TypeVar("T")

WAIT_SECONDS: Final = 1800.0
_UNTIL: Final = "past_waits_until"


def standbys() -> tuple[str, ...]:
    """Return the names of the delayed standbys; empty where there are none."""
    return wiring.current().delayed_standbys.nodes


def read_from_standby(operation: Callable[[Session], T]) -> T:
    """Return what the operation reads on a delayed standby; raises Unavailable."""
    standby = wiring.current().delayed_standbys.database()
    if standby is None:
        raise Unavailable(
            "There is no longer a delayed standby, so no earlier time can be shown."
        )
    return read_elsewhere(standby, operation)


def paused_until() -> datetime | None:
    """Return until when the standby waits for this person, or None."""
    until: datetime | None = st.session_state.get(_UNTIL)
    return until if until and until > datetime.now(until.tzinfo) else None


def pause_replay() -> None:
    """Pause replay on the standby for half an hour, unless it is paused already.

    Servers that Chartroom does not run itself cannot be made to wait from here.
    """
    endpoints = wiring.current().endpoints
    if paused_until() or not point_in_time.can_pause(endpoints):
        return
    actor = current_actor()
    untils: list[datetime | None] = []
    for node in standbys():
        write(
            partial(
                point_in_time.record_pause, actor=actor, node=node, seconds=WAIT_SECONDS
            )
        )
        untils.append(point_in_time.pause(endpoints, node, WAIT_SECONDS))
    # Only once all of them wait: if pausing one fails, the next call tries again.
    st.session_state[_UNTIL] = min(filter(None, untils), default=None)


def resume_replay() -> None:
    """Let the standby resume replaying what it has received."""
    st.session_state.pop(_UNTIL, None)
    for node in standbys():
        point_in_time.resume(wiring.current().endpoints, node)
