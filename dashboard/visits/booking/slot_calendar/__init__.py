"""The times of a doctor side by side, day by day, chosen by mouse or keyboard.

On a desk every day is a column in which equal times are on one line; on a phone the
days follow each other. A time that somebody else holds becomes free on the screen by
itself when that hold runs out: the database decides anyway who gets it.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import streamlit as st

from dashboard.ui.scripts import COLUMNS, ELEMENTS, UNSEEN, read_joined

_HERE = Path(__file__).parent

_mount = st.components.v2.component(
    "chartroom.slot_calendar",
    css=read_joined(UNSEEN, _HERE / "calendar.css"),
    js=read_joined(ELEMENTS, COLUMNS, _HERE / "calendar.js"),
)

TimeState = Literal["free", "held", "booked", "own_hold", "own_visit"]


@dataclass(frozen=True, slots=True)
class Time:
    """One time of a day, in its line of the calendar.

    `beside` is the same time on the viewer's own clock if that differs. `frees_in` is
    for how many seconds somebody else's hold still lasts.
    """

    id: str
    text: str
    state: TimeState
    line: int
    note: str = ""
    beside: str = ""
    frees_in: float | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """One day: `label` heads its column, `name` is read out before its times."""

    label: str
    name: str
    times: tuple[Time, ...]
    is_today: bool


def payload_of(
    days: Sequence[Day], *, name: str, action: str, is_own: bool = True
) -> bytes:
    """Return what the browser draws.

    `action` is what a free time is for, such as "Hold"; without one nothing can be
    chosen. `is_own` is whether the viewer is the one who would come.
    """
    drawn = {
        "name": name,
        "action": action,
        "days": [asdict(day) for day in days],
        "whose": "own" if is_own else "other",
    }
    return json.dumps(drawn).encode()


def slot_calendar(payload: bytes, *, key: str) -> str | None:
    """Show the days; return the id of the time that was chosen in this run."""
    result = _mount(key=key, data=payload, on_chosen_change=_nothing)
    chosen: str | None = result.chosen
    return chosen


def _nothing() -> None:
    """Do nothing; Streamlit reports a trigger only if it has a callback."""
