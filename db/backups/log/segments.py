"""Segments of the log and their timelines, as PostgreSQL names them."""

import re
from dataclasses import dataclass
from typing import Final

from db.postgres import Lsn

SEGMENT_BYTES: Final = 16 * 1024 * 1024
_PER_FILE_ID: Final = 0x1_0000_0000 // SEGMENT_BYTES
_NAME: Final = re.compile(r"([0-9A-F]{8})([0-9A-F]{8})000000([0-9A-F]{2})")
_HISTORY: Final = re.compile(r"([0-9A-F]{8})\.history")


@dataclass(frozen=True, slots=True, order=True)
class LogSegment:
    """A piece of 16 MB of one timeline's log, by its number from the very first."""

    timeline: int
    number: int

    @classmethod
    def parse(cls, name: str) -> "LogSegment | None":
        """Parse a file's name; None if it is no segment's."""
        if (match := _NAME.fullmatch(name)) is None:
            return None
        timeline, file_id, part = (int(group, 16) for group in match.groups())
        return cls(timeline, file_id * _PER_FILE_ID + part)

    @property
    def name(self) -> str:
        """The name of the segment's file, as PostgreSQL has it."""
        file_id, part = divmod(self.number, _PER_FILE_ID)
        return f"{self.timeline:08X}{file_id:08X}{part:08X}"

    @property
    def start(self) -> Lsn:
        """The position at which the segment begins."""
        return Lsn(self.number * SEGMENT_BYTES)


def number_of(place: Lsn) -> int:
    """Return the number of the segment that contains a position."""
    return place // SEGMENT_BYTES


def history_name(timeline: int) -> str:
    """Return PostgreSQL's name for the history file of a timeline."""
    return f"{timeline:08X}.history"


def timeline_of_history(name: str) -> int | None:
    """Return the timeline of a history file, by its name; None if it is none."""
    match = _HISTORY.fullmatch(name)
    return int(match[1], 16) if match else None


@dataclass(frozen=True, slots=True)
class TimelineHistory:
    """A timeline and its ancestors, with the position where each was left."""

    timeline: int
    left: tuple[tuple[int, Lsn], ...] = ()

    @classmethod
    def parse(cls, timeline: int, text: str) -> "TimelineHistory":
        """Parse a history file; raises ValueError if it is none."""
        lines = (line.partition("#")[0].split() for line in text.splitlines())
        left = tuple(
            (int(older), Lsn.parse(place)) for older, place, *_ in filter(None, lines)
        )
        if timeline > 1 and not left:
            raise ValueError("A later timeline comes from another.")
        return cls(timeline, left)

    def before(self, timeline: int) -> str:
        """Return the history file of one of these timelines, as text."""
        return "".join(
            f"{older}\t{left}\tas a later timeline says\n"
            for older, left in self.left
            if older < timeline
        )

    def until(self, timeline: int) -> "TimelineHistory":
        """Return the history of an older timeline, as it was before that was left."""
        older = tuple(each for each in self.left if each[0] < timeline)
        return TimelineHistory(timeline, older)

    def begun_at(self, timeline: int) -> Lsn | None:
        """Return where one of these timelines began; None for any other."""
        if timeline not in {self.timeline, *(older for older, _ in self.left)}:
            return None
        before = (place for older, place in reversed(self.left) if older < timeline)
        return next(before, None)

    def left_at(self, timeline: int) -> Lsn | None:
        """Return where an older timeline was left; None for the newest."""
        return dict(self._ends).get(timeline)

    def has(self, timeline: int, place: Lsn) -> bool:
        """Return whether a position on a timeline is in this one's history."""
        if timeline == self.timeline:
            return True
        left = self.left_at(timeline)
        return left is not None and place <= left

    def segment(self, number: int) -> LogSegment:
        """Return the segment of this number: at a fork, the newer timeline's."""
        for timeline, left in self._ends:
            if number < number_of(left):
                return LogSegment(timeline, number)
        return LogSegment(self.timeline, number)

    @property
    def _ends(self) -> tuple[tuple[int, Lsn], ...]:
        """Where each older timeline was left for good.

        Going back to before a timeline began has left its parent there as well:
        PostgreSQL records where it left the timeline that it was told to follow, and
        for the others what was true before.
        """
        ends: list[tuple[int, Lsn]] = []
        for timeline, left in reversed(self.left):
            ends.append((timeline, min(left, ends[-1][1]) if ends else left))
        return tuple(reversed(ends))
