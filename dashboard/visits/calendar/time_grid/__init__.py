"""Lanes of a calendar side by side, hour by hour: to be opened, booked, dragged.

Decision 6 says why this is a component of our own. Everything that can be done with the
mouse can be done with keys: what is opened offers it.
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
    "chartroom.time_grid",
    css=read_joined(UNSEEN, _HERE / "grid.css"),
    js=read_joined(ELEMENTS, COLUMNS, _HERE / "grid.js"),
)

EntryKind = Literal["visit", "free", "held", "taken"]


@dataclass(frozen=True, slots=True)
class GridEntry:
    """The contents of a stretch of a lane, in minutes of its day.

    A free one is booked by a click, a visit is opened. `name` is for screen readers.
    """

    id: str
    kind: EntryKind
    begins: int
    ends: int
    text: str
    name: str
    detail: str = ""
    tone: str = "plain"
    icon: str = ""
    is_movable: bool = False


@dataclass(frozen=True, slots=True)
class GridBand:
    """A stretch of a lane that is closed, and why."""

    begins: int
    ends: int
    text: str


@dataclass(frozen=True, slots=True)
class GridLane:
    """One column, a doctor's day: outside of its `open` stretches it is shaded."""

    id: str
    label: str
    detail: str
    entries: tuple[GridEntry, ...]
    open: tuple[tuple[int, int], ...]
    bands: tuple[GridBand, ...]
    is_today: bool = False


@dataclass(frozen=True, slots=True)
class GridEvent:
    """What the person did with the grid in this run.

    `moved` is a visit and the free slot it was moved to; `drawn` is a stretch of a
    lane.
    """

    opened: str | None
    booked: str | None
    moved: tuple[str, str] | None
    drawn: tuple[str, int, int] | None


def payload_of(
    lanes: Sequence[GridLane],
    *,
    name: str,
    place: str,
    hours: tuple[int, int],
    now: int,
    may_book: bool,
    may_draw: bool,
    has_twelve_hours: bool,
) -> bytes:
    """Return what the browser draws.

    `place` names what is shown: a new one is scrolled to its beginning, the same one
    stays where it is. `hours` are the ones to be drawn; `now` is in minutes of the day.
    """
    drawn = {
        "name": name,
        "place": place,
        "first": hours[0] * 60,
        "last": hours[1] * 60,
        "now": now,
        "may_book": may_book,
        "may_draw": may_draw,
        "has_twelve_hours": has_twelve_hours,
        "lanes": [asdict(lane) for lane in lanes],
    }
    return json.dumps(drawn).encode()


def time_grid(payload: bytes, *, key: str) -> GridEvent:
    """Show the lanes; return what was done with them in this run."""
    result = _mount(
        key=key,
        data=payload,
        on_opened_change=_nothing,
        on_booked_change=_nothing,
        on_moved_change=_nothing,
        on_drawn_change=_nothing,
    )
    moved, drawn = result.moved, result.drawn
    return GridEvent(
        opened=result.opened,
        booked=result.booked,
        moved=(moved["visit"], moved["slot"]) if moved else None,
        drawn=(drawn["lane"], drawn["begins"], drawn["ends"]) if drawn else None,
    )


def _nothing() -> None:
    """Do nothing; Streamlit reports a trigger only if it has a callback."""
