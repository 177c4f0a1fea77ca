"""Until when the log is in a tool's archive, by marks of our own.

Archives know segments by name, but not the times of their content. So the worker
records a time and the segment that the log had reached just after a transaction of that
time: once the archive has that segment, replay to any time before finds something to
stop at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from db.backups.tools.wal_names import is_before_end

# Five hours with one a minute; beyond that every other one is dropped.
_MOST: Final = 300


@dataclass(frozen=True, slots=True)
class ArchiveMark:
    """A time, and the segment with the end of a transaction that began then."""

    at: datetime
    wal: str


def archived_until(marks: Sequence[ArchiveMark], last_wal: str) -> datetime | None:
    """Return the newest time that the archive reaches; None if it reaches no mark."""
    if not last_wal:
        return None
    there = [mark.at for mark in marks if is_before_end(mark.wal, last_wal)]
    return max(there, default=None)


def marks_to_keep(
    marks: Sequence[ArchiveMark], last_wal: str
) -> tuple[ArchiveMark, ...]:
    """Return the newest mark that the archive reaches, and all that it does not yet.

    If very many are not there yet, every other one is kept, and the newest.
    """
    until = archived_until(marks, last_wal)
    kept = [mark for mark in marks if until is None or mark.at >= until]
    if len(kept) > _MOST:
        kept = [*kept[:-1:2], kept[-1]]
    return tuple(kept)
