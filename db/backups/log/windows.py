"""From when to when one can go back: sets, and the unbroken log after each."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from db.backups.backup_errors import SetBroken
from db.backups.log.archive import LogArchive, LogListing, LogPiece
from db.backups.log.segments import SEGMENT_BYTES, TimelineHistory, number_of
from db.backups.manifest import Manifest
from db.backups.notes import POSITIONS, LogPosition, TimeLeft
from db.files import private_files
from db.postgres import Lsn

# A window excludes its end, and the time that was gone back to can be gone to.
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class BackupWindow:
    """Times that one can go back to, to any second: from a set to its log's end.

    For a set without log after it both are the same.
    """

    since: datetime
    until: datetime

    @property
    def has_log(self) -> bool:
        """Whether there is log after the first set."""
        return self.until > self.since

    def __contains__(self, timestamp: datetime) -> bool:
        return timestamp == self.since or self.since < timestamp < self.until


def read_position(folder: Path) -> LogPosition | None:
    """Return the last record of how far the log in a folder reaches."""
    return private_files.read_as(POSITIONS, folder / "position.json")


def is_on(manifest: Manifest, history: TimelineHistory) -> bool:
    """Return whether the log of a timeline continues from a set."""
    return history.has(manifest.timeline, Lsn.parse(manifest.reached_lsn))


def log_after(
    listing: LogListing, history: TimelineHistory, manifest: Manifest, to: datetime
) -> list[LogPiece]:
    """Return the log from a set until a time, in order; raises SetBroken for a gap."""
    number = number_of(Lsn.parse(manifest.reached_lsn))
    pieces: list[LogPiece] = []
    while True:
        segment = history.segment(number)
        end = 0
        for piece in listing.pieces.get(segment, ()):
            if piece.first != end:
                raise SetBroken(
                    f"A piece of the log's segment {segment.name} is missing."
                )
            end = piece.end
            pieces.append(piece)
            if piece.until is not None and piece.until > to:
                return pieces
        if end < SEGMENT_BYTES:
            later = [s for s in listing.pieces if s.number > number]
            if not later:
                raise SetBroken(
                    f"The log ends in segment {segment.name}, before {to}: its newest "
                    "part is missing."
                )
            raise SetBroken(f"The log's segment {segment.name} is missing.")
        number += 1


@dataclass(frozen=True, slots=True)
class TimelineLeft:
    """A timeline that the clinic went back along, to a time `to` at position `fork`.

    Its log up to there belongs to the clinic's history, even if the next timeline's log
    begins only later: that one's receiver has to start again, and may miss the rest of
    the segment in which they part.
    """

    history: TimelineHistory
    fork: Lsn
    to: datetime


def timelines_left(
    history: TimelineHistory, times_left: Iterable[TimeLeft]
) -> tuple[TimelineLeft, ...]:
    """Return the timelines that were gone back along, newest first.

    If one was gone back along twice, the last time counts: what came after that
    position belongs to no history any more.
    """
    last = {each.timeline: each for each in times_left}
    return tuple(
        TimelineLeft(history.until(timeline), fork, last[timeline].to)
        for timeline, _ in reversed(history.left)
        if timeline in last and (fork := history.left_at(timeline)) is not None
    )


@dataclass(frozen=True, slots=True)
class LogWay:
    """The log from a set to a time, and the history along which it is followed.

    With a `fork` the timeline was left there, and times beyond it cannot be gone to.
    """

    history: TimelineHistory
    pieces: list[LogPiece]
    fork: Lsn | None = None


def way_after(
    listing: LogListing,
    history: TimelineHistory,
    left: Iterable[TimelineLeft],
    manifest: Manifest,
    to: datetime,
) -> LogWay:
    """Return the log from a set until a time; raises SetBroken for a gap.

    If the newest timeline's log has a gap, that of a timeline which was gone back along
    may lead there.
    """
    try:
        return LogWay(history, log_after(listing, history, manifest, to))
    except SetBroken:
        for each in left:
            if to <= each.to and is_on(manifest, each.history):
                with suppress(SetBroken):
                    pieces = log_after(listing, each.history, manifest, to)
                    return LogWay(each.history, pieces, each.fork)
        raise


def newest_until(listing: LogListing, history: TimelineHistory) -> datetime | None:
    """Return the time that the newest unbroken log leads to."""
    number = max(
        (s.number for s in listing.pieces if s.timeline == listing.timeline), default=-1
    )
    while pieces := listing.pieces.get(history.segment(number)):
        times = [piece.until for piece in _unbroken(pieces) if piece.until is not None]
        if times:
            return max(times)
        number -= 1
    return None


def is_cut_off(manifest: Manifest, archive: LogArchive) -> bool:
    """Return whether the newest log does not continue from a set made before it."""
    listing = archive.listing()
    history = archive.history(listing.timeline)
    until = newest_until(listing, history)
    if until is None or until <= manifest.as_of:
        return False
    number = number_of(Lsn.parse(manifest.reached_lsn))
    return (
        not is_on(manifest, history)
        or _leading_to(listing, history).get(number) != until
    )


def find_windows(
    sets: Iterable[Manifest], archive: LogArchive, position: LogPosition | None
) -> tuple[BackupWindow, ...]:
    """Return the windows of a repository, oldest first.

    The newest ends where files and the audit log were copied as well; none has times
    that the clinic went back over. Raises SetBroken if the log's own history does not
    open.
    """
    return LogReach.read(archive, position).windows(sets)


@dataclass(frozen=True, slots=True)
class LogReach:
    """Where the log leads to from each segment on, as it was at one time."""

    history: TimelineHistory
    leads_to: dict[int, datetime | None]
    newest: datetime | None
    beside_until: datetime | None
    times_left: tuple[TimeLeft, ...]
    # Where the log of timelines that were gone back along leads, in the same way.
    left: tuple[tuple[TimelineLeft, dict[int, datetime | None]], ...] = ()

    @classmethod
    def read(cls, archive: LogArchive, position: LogPosition | None) -> "LogReach":
        """Read the log's listing; raises SetBroken if its own history does not open."""
        listing = archive.listing()
        history, times_left = archive.history(listing.timeline), archive.times_left()
        return cls(
            history,
            _leading_to(listing, history),
            newest_until(listing, history),
            position.beside_until if position else None,
            times_left,
            tuple(
                (each, _leading_to(listing, each.history))
                for each in timelines_left(history, times_left)
            ),
        )

    def windows(self, sets: Iterable[Manifest]) -> tuple[BackupWindow, ...]:
        """Return the windows that these sets open, oldest first."""
        windows = []
        for each in sets:
            until = None
            if is_on(each, self.history):
                until = self.leads_to.get(number_of(Lsn.parse(each.reached_lsn)))
            if until is not None and until == self.newest:
                until = min(until, self.beside_until) if self.beside_until else None
            last = max(until or each.as_of, self._until_left(each), each.as_of)
            windows.append(BackupWindow(each.as_of, last))
        remaining = _joined(windows)
        for left in self.times_left:
            remaining = tuple(
                part for each in remaining for part in _without(each, left)
            )
        return remaining

    def _until_left(self, manifest: Manifest) -> datetime:
        """Return until when the log leads from a set before the clinic went back."""
        untils = [manifest.as_of]
        place = Lsn.parse(manifest.reached_lsn)
        for left, leads_to in self.left:
            until = leads_to.get(number_of(place))
            histories = (self.history, left.history)
            if until is not None and all(is_on(manifest, each) for each in histories):
                untils.append(min(until, left.to + _MICROSECOND))
        return max(untils)


def _without(window: BackupWindow, left: TimeLeft) -> Iterable[BackupWindow]:
    """Yield what is left of a window without times that no log leads to."""
    if left.to <= window.since and window.until <= left.at and window.has_log:
        return
    if not window.has_log or left.to >= window.until or left.at <= window.since:
        yield window
        return
    if window.since < left.to:
        yield BackupWindow(window.since, left.to + _MICROSECOND)
    if left.at < window.until:
        yield BackupWindow(left.at, window.until)


def _leading_to(
    listing: LogListing, history: TimelineHistory
) -> dict[int, datetime | None]:
    """Return the time that the log leads to from each segment on, by number."""
    leads_to: dict[int, datetime | None] = {}
    for number in sorted({segment.number for segment in listing.pieces}, reverse=True):
        unbroken = _unbroken(listing.pieces.get(history.segment(number), ()))
        if not unbroken:
            continue
        times = [piece.until for piece in unbroken if piece.until is not None]
        own = max(times, default=None)
        goes_on = unbroken[-1].end == SEGMENT_BYTES
        leads_to[number] = (leads_to.get(number + 1) if goes_on else None) or own
    return leads_to


def _unbroken(pieces: Iterable[LogPiece]) -> list[LogPiece]:
    unbroken: list[LogPiece] = []
    for piece in pieces:
        if piece.first != (unbroken[-1].end if unbroken else 0):
            break
        unbroken.append(piece)
    return unbroken


def _joined(windows: list[BackupWindow]) -> tuple[BackupWindow, ...]:
    joined: list[BackupWindow] = []
    for window in sorted(windows, key=lambda each: each.since):
        if joined and window.since <= joined[-1].until:
            last = joined[-1]
            joined[-1] = BackupWindow(last.since, max(last.until, window.until))
        else:
            joined.append(window)
    return tuple(joined)
