"""Times that can no longer be gone back to, though retention did not remove them.

The removal of old backups records which times the rest still leads to. Whatever is
missing of them later was taken by somebody else: for instance a piece in the middle of
the log, after which the newest second is still reached from a later backup, so that no
alert is overdue.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from db.backups.log.archive import LogArchive
from db.backups.log.windows import BackupWindow, LogReach, read_position
from db.backups.manifest import Manifest
from db.files import private_files

_NOTE: Final = "known-windows.json"
_WINDOWS: Final = TypeAdapter(tuple[BackupWindow, ...])
# The newest log may be lost in a power cut, and how far behind it is is reported
# elsewhere.
_MARGIN: Final = timedelta(minutes=10)


def find_lost_times(
    folder: Path, sets: Sequence[Manifest], archive: LogArchive
) -> tuple[BackupWindow, ...]:
    """Return which of the times recorded in a folder of backups are lost.

    Raises SetBroken if the log's own history does not open.
    """
    known = _read_known(folder)
    if not known:
        return ()
    return _lost_of(known, sets, _reach_of_rows(archive))


def _lost_of(
    known: tuple[BackupWindow, ...], sets: Sequence[Manifest], reach: LogReach
) -> tuple[BackupWindow, ...]:
    gone_over = (BackupWindow(left.to, left.at) for left in reach.times_left)
    return _minus(known, (*reach.windows(sets), *gone_over))


def note_times(
    folder: Path,
    sets: Sequence[Manifest],
    archive: LogArchive,
    *,
    kept_since: datetime,
    now: datetime,
) -> None:
    """Record which times one can go back to, of those whose log is kept.

    A lost time stays lost until it would have been removed for its age. Raises
    SetBroken if the log's own history does not open, and OSError.
    """
    before, reach = _read_known(folder), _reach_of_rows(archive)
    lost = _lost_of(before, sets, reach)
    going_on = [each.as_of for each in sets if each.as_of >= kept_since]
    begins = min(going_on, default=now)
    windows = (*reach.windows(sets), *lost)
    known = tuple(_within(windows, begins, now - _MARGIN))
    if known != before:
        private_files.replace(folder / _NOTE, _WINDOWS.dump_json(known, indent=1))


def _reach_of_rows(archive: LogArchive) -> LogReach:
    """Return where the log leads to, however far behind files and audit log are."""
    reach = LogReach.read(archive, read_position(archive.folder))
    return replace(reach, beside_until=reach.newest)


def _read_known(folder: Path) -> tuple[BackupWindow, ...]:
    return private_files.read_as(_WINDOWS, folder / _NOTE) or ()


def _within(
    windows: Iterable[BackupWindow], begins: datetime, ends: datetime
) -> Iterator[BackupWindow]:
    for each in windows:
        since, until = max(each.since, begins), min(each.until, ends)
        if since < until:
            yield BackupWindow(since, until)


def _minus(
    windows: tuple[BackupWindow, ...], others: Iterable[BackupWindow]
) -> tuple[BackupWindow, ...]:
    for other in others:
        windows = tuple(part for each in windows for part in _parts(each, other))
    return windows


def _parts(window: BackupWindow, other: BackupWindow) -> Iterator[BackupWindow]:
    """Yield what is left of a window without the times of another."""
    if other.until <= window.since or window.until <= other.since:
        yield window
        return
    if window.since < other.since:
        yield BackupWindow(window.since, other.since)
    if other.until < window.until:
        yield BackupWindow(other.until, window.until)
