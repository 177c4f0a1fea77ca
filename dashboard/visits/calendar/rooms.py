"""A day by room: the doctors of a room share a column, one after the other."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from dashboard.ui.language import gettext as _, marked
from dashboard.visits.calendar.time_grid import GridEntry, GridLane

_NOWHERE: Final = marked("No room")


def by_room(lanes: Sequence[tuple[str | None, GridLane]]) -> list[GridLane]:
    """Return a column for each room, made of the columns of the doctors in it.

    Two whose times overlap in one room get two columns: what happens at the same time
    must be visible side by side. Rooms are in natural order, and doctors without one
    come last, each alone.
    """
    rooms: dict[str, list[GridLane]] = {}
    for room, lane in lanes:
        rooms.setdefault(room or "", []).append(lane)
    ordered = sorted(rooms, key=lambda room: (not room, _counted(room)))
    return [lane for room in ordered for lane in _room(room, rooms[room])]


def _counted(room: str) -> list[str | int]:
    """Return the sort key that puts room 9 before room 12."""
    # Text and digits alternate, so that no number is compared with a word.
    parts = re.split(r"([0-9]+)", room.casefold())
    return [int(part) if place % 2 else part for place, part in enumerate(parts)]


def _room(room: str, lanes: Sequence[GridLane]) -> Iterator[GridLane]:
    label = _("Room {room}").format(room=room) if room else _(_NOWHERE)
    columns: list[list[GridLane]] = []
    for lane in lanes:
        fitting = (
            column
            for column in columns
            if room and not any(_overlap(other, lane) for other in column)
        )
        if column := next(fitting, None):
            column.append(lane)
        else:
            columns.append([lane])
    for column in columns:
        yield _shared_column(label, column)


def _shared_column(label: str, lanes: Sequence[GridLane]) -> GridLane:
    """Return a room's doctors as one column; if shared, each time names its doctor."""
    is_shared = len(lanes) > 1
    entries = [
        _of(lane.label, entry) if is_shared else entry
        for lane in lanes
        for entry in lane.entries
    ]
    stretches = (stretch for lane in lanes for stretch in lane.open)
    bands = dict.fromkeys(band for lane in lanes for band in lane.bands)
    return replace(
        lanes[0],
        label=label,
        detail=", ".join(lane.label for lane in lanes),
        entries=tuple(sorted(entries, key=lambda entry: entry.begins)),
        open=joined_stretches(stretches),
        bands=tuple(bands),
    )


def _of(doctor: str, entry: GridEntry) -> GridEntry:
    return replace(entry, detail=" · ".join(filter(None, (doctor, entry.detail))))


def _overlap(lane: GridLane, other: GridLane) -> bool:
    return any(
        begins < until and from_ < ends
        for begins, ends in _taken(lane, other)
        for from_, until in _taken(other, lane)
    )


def _taken(lane: GridLane, other: GridLane) -> list[tuple[int, int]]:
    """Return when a doctor is in the room, or is marked as away from it."""
    # What closes the whole clinic closes both.
    own = [band for band in lane.bands if band not in other.bands]
    stretches = [*lane.open, *((entry.begins, entry.ends) for entry in lane.entries)]
    return [*stretches, *((band.begins, band.ends) for band in own)]


def joined_stretches(
    stretches: Iterable[tuple[int, int]],
) -> tuple[tuple[int, int], ...]:
    """Return the stretches with touching ones joined."""
    joined: list[tuple[int, int]] = []
    for begins, ends in sorted(stretches):
        if joined and begins <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(ends, joined[-1][1]))
        else:
            joined.append((begins, ends))
    return tuple(joined)
