"""Seals what was received: complete segments, and what there is of the newest.

Each look adds a piece with what came since the last one. Pieces are joined from time to
time, and removed once their segment is complete. Unencrypted files are removed when
they are sealed, except the newest, which tells the receiver where to continue.
"""

import os
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from db.backups.log.archive import LogArchive, LogPiece, in_order
from db.backups.log.marks import TimeMark
from db.backups.log.receiver import ReceivedLog, ReceivedSegment
from db.backups.log.segments import (
    LogSegment,
    TimelineHistory,
    history_name,
)
from db.backups.log.windows import newest_until
from db.postgres import Lsn

# This many pieces of one segment are joined.
_MOST_PIECES: Final = 60
# The longest page that PostgreSQL's log may have. Each begins with a number (xlp_magic
# in its access/xlog_internal.h): a block of zeros contains no log.
_BLOCK: Final = 64 * 1024
_ZEROS: Final = bytes(_BLOCK)
# For a long wait for the log; there is one a second.
_MARKS: Final = 7200


class LogSealer:
    """Seals the received log into the archive; one thread calls `look`."""

    def __init__(self, archive: LogArchive, received: ReceivedLog) -> None:
        self.archive = archive
        self._received = received
        self._listing = archive.listing()
        self._histories: dict[int, TimelineHistory] = {}
        self._marks: deque[TimeMark] = deque(maxlen=_MARKS)

    @property
    def reached(self) -> tuple[int, Lsn]:
        """The newest timeline, and the position up to which its log is sealed."""
        pieces = self._listing.pieces
        newest = max(
            (s for s in pieces if s.timeline == self._listing.timeline), default=None
        )
        if newest is None:
            return 0, Lsn(0)
        return newest.timeline, Lsn(newest.start + _end_of(pieces[newest]))

    @property
    def until(self) -> datetime | None:
        """The time that the sealed log leads to; raises SetBroken."""
        timeline = self._listing.timeline
        if timeline not in self._histories:
            self._histories[timeline] = self.archive.history(timeline)
        return newest_until(self._listing, self._histories[timeline])

    def mark(self, mark: TimeMark) -> None:
        """Add a time, and the position after which the log leads to it."""
        self._marks.append(mark)

    def look(self) -> None:
        """Seal what is new. Raises OSError."""
        for timeline, path in self._received.histories():
            if timeline not in self._listing.histories:
                self._adopt(timeline, path)
        for each in self._received.left_over():
            self._seal(each)
            each.path.unlink()
        files = self._received.segments()
        for each in files:
            self._seal(each)
            if each is not files[-1]:
                each.path.unlink(missing_ok=True)

    def _adopt(self, timeline: int, path: Path) -> None:
        """Follow a new timeline: marks past the fork lead nowhere.

        A history file truncated by a power cut is skipped: if it were sealed, nothing
        could be restored along it. The receiver replaces it by the leader's.
        """
        text = path.read_bytes()
        try:
            history = TimelineHistory.parse(timeline, text.decode())
        except ValueError:
            return
        self.archive.add(history_name(timeline), text)
        self._listing = self.archive.listing()
        kept = [each for each in self._marks if history.has(each.timeline, each.lsn)]
        self._marks.clear()
        self._marks.extend(kept)
        self._histories[timeline] = history

    def _seal(self, received: ReceivedSegment) -> None:
        segment = received.segment
        sealed = self._listing.pieces.get(segment, ())
        if sealed and sealed[0].is_whole:
            return
        if received.is_whole:
            self._add(segment, 0, received.path.read_bytes())
            self._forget_all_but_newest(segment)
            return
        first = _end_of(sealed)
        if len(sealed) >= _MOST_PIECES:
            first = 0
        try:
            data = read_stable(received.path, first, _end_of(sealed))
        except FileNotFoundError:
            # The program has just renamed it to its final name.
            return
        if not data:
            return
        self._add(segment, first, data)
        if first == 0 and sealed:
            self._forget_all_but_newest(segment)

    def _add(self, segment: LogSegment, first: int, data: bytes) -> None:
        end = first + len(data)
        place = Lsn(segment.start + end)
        piece = LogPiece(segment, first, end, self._until(segment.timeline, place))
        self.archive.add(piece.name, data)
        pieces = [*self._listing.pieces.get(segment, ()), piece]
        self._listing.pieces[segment] = in_order(pieces)

    def _forget_all_but_newest(self, segment: LogSegment) -> None:
        """Delete pieces that are contained in a longer one."""
        kept = {piece.name for piece in self._listing.pieces[segment]}
        for path in self.archive.folder.glob(f"{segment.name}.*"):
            if path.name not in kept:
                path.unlink(missing_ok=True)
        if self._listing.pieces[segment][0].is_whole:
            # Retention may have removed others meanwhile.
            self._listing = self.archive.listing()

    def _until(self, timeline: int, place: Lsn) -> datetime | None:
        """Return the newest time that the log leads to if it ends at a position."""
        times = [
            each.at
            for each in self._marks
            if each.lsn <= place and each.timeline <= timeline
        ]
        return max(times, default=None)


def _end_of(pieces: Sequence[LogPiece]) -> int:
    end = 0
    for piece in pieces:
        if piece.first > end:
            break
        end = piece.end
    return end


def read_stable(path: Path, first: int, least: int) -> bytes:
    """Return what a growing file has from a position on, without trailing zeros.

    Empty if there is nothing past `least`. A write in progress may show its end before
    its middle, so only what two reads agree on counts.
    """
    with path.open("rb") as file:
        end = _written_end(file.fileno(), path.stat().st_size, least)
        if end <= least:
            return b""
        file.seek(first)
        seen = file.read(end - first)
        file.seek(first)
        return seen if file.read(end - first) == seen else b""


def _written_end(descriptor: int, size: int, least: int) -> int:
    """Return the position after the last nonzero byte before a block of zeros.

    A segment that was begun ends in up to 16 MB of them: reading backwards from its end
    would read them all whenever nothing has come.
    """
    end = least
    for begin in range(least - least % _BLOCK, size, _BLOCK):
        block = os.pread(descriptor, _BLOCK, begin)
        if _ZEROS.startswith(block):
            break
        end = begin + len(block.rstrip(b"\0"))
    return max(end, least)
