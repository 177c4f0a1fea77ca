"""The set and the log that lead to a time, or the reason why nothing does."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from db.backups.backup_errors import CannotRestore, NoBackup, SetBroken
from db.backups.log.archive import LogArchive, LogListing, LogPiece
from db.backups.log.segments import LogSegment, TimelineHistory
from db.backups.log.windows import (
    BackupWindow,
    TimelineLeft,
    find_windows,
    is_on,
    log_after,
    read_position,
    timelines_left,
    way_after,
)
from db.backups.manifest import Manifest
from db.backups.repository import Repository, Survey
from db.backups.sealing import require_objects
from db.postgres import Lsn

_MOST_LISTED: Final = 5


@dataclass(frozen=True, slots=True)
class Route:
    """A set, and the log from it to a time; without a time, the set's own position.

    With a `place` the log is followed exactly to that position, which was reached by
    that time. `passed_over` is what is wrong with later sets, from which less log would
    lead there; with `is_read` the objects of the set and of its bases were read and are
    whole. A `fork` is where the history was left when the clinic went back.
    """

    manifest: Manifest
    to: datetime | None = None
    history: TimelineHistory = field(default_factory=lambda: TimelineHistory(1))
    pieces: list[LogPiece] = field(default_factory=list)
    place: Lsn | None = None
    passed_over: tuple[str, ...] = ()
    is_read: bool = False
    fork: Lsn | None = None

    @property
    def segments(self) -> set[LogSegment]:
        """The segments of the route's log."""
        return {piece.segment for piece in self.pieces}


def route_to(repository: Repository, archive: LogArchive, to: datetime | None) -> Route:
    """Return the route to a time, or to the newest set's own position.

    Raises CannotRestore, naming the windows, for a time that nothing leads to: nobody
    gets another time than the one they named. SetBroken names what is missing. If the
    log leads to the time from several sets, the newest whole one is taken.
    """
    if to is None:
        return Route(repository.newest())
    survey = repository.survey()
    sets = survey.sets
    if not sets:
        raise NoBackup(repository.folder)
    position = read_position(archive.folder)
    windows = find_windows(sets, archive, position)
    listing = archive.listing()
    history, times_left = archive.history(listing.timeline), archive.times_left()
    log = _Log(listing, history, timelines_left(history, times_left))
    before = [each for each in sets if each.as_of <= to and is_on(each, history)]
    if any(to in left for left in times_left):
        # A set made in exactly that second is whole nevertheless.
        before = []
    if before and any(to in window for window in windows if window.has_log):
        return _along_the_log(repository, survey, log, before, to)
    for each in sets:
        if _second(each.as_of) == _second(to):
            return Route(each)
    if before and position and position.until and to < position.until:
        # All of it was there once: the error names what is missing.
        log_after(listing, history, before[-1], to)
    raise outside(to, windows)


def outside(to: datetime, windows: Sequence[BackupWindow]) -> CannotRestore:
    """Return the refusal of a time that nothing leads to; it names the windows."""
    return CannotRestore(
        f"{_in_utc(to)} is outside what the backups reach: they go {_words(windows)}."
    )


@dataclass(frozen=True, slots=True)
class _Log:
    """The log that exists, and the timelines that it is followed along."""

    listing: LogListing
    history: TimelineHistory
    left: tuple[TimelineLeft, ...]


def _along_the_log(
    repository: Repository,
    survey: Survey,
    log: _Log,
    before: Sequence[Manifest],
    to: datetime,
) -> Route:
    """Return the route from the newest whole set; raises SetBroken if there is none.

    From each of these sets the log leads to the very same time.
    """
    until = f"{to.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    unusable = [name for name in survey.unusable if name < until]
    refused: list[SetBroken] = []
    for manifest in reversed(before):
        try:
            for each in survey.chain_of(manifest):
                require_objects(repository.set_folder(each.set_id), each)
            way = way_after(log.listing, log.history, log.left, manifest, to)
        except SetBroken as error:
            refused.append(error)
            continue
        later = (name for name in unusable if name > manifest.set_id)
        passed_over = (
            *(f"Backup {name} cannot be restored." for name in later),
            *map(str, refused),
        )
        return Route(
            manifest,
            to,
            way.history,
            way.pieces,
            passed_over=passed_over,
            is_read=True,
            fork=way.fork,
        )
    raise refused[0]


def _words(windows: Sequence[BackupWindow]) -> str:
    spans = [
        f"to any second from {_in_utc(each.since)} to {_in_utc(each.until)}"
        if each.has_log
        else f"to {_in_utc(each.since)}"
        for each in windows[-_MOST_LISTED:]
    ]
    return " and ".join(spans)


def _second(timestamp: datetime) -> datetime:
    return timestamp.astimezone(UTC).replace(microsecond=0)


def _in_utc(timestamp: datetime) -> str:
    return f"{timestamp.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
