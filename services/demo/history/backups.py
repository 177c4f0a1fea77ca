"""The storage that the invented clinic's backups would have taken in the past month."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from db.backups.repository import Repository
from db.backups.storage.storage_notes import (
    StorageSample,
    read_storage,
    write_storage,
)
from db.backups.storage.storage_use import StorageUse
from db.files import private_files

_DAY: Final = timedelta(days=1)
_DAYS: Final = 30
_HOURS_OF_LAST_WEEK: Final = 3
_WEEK: Final = 7
# The sizes of the first real ones, so that the invented past leads up to them.
_FULL: Final = 13_400_000
_INCREMENTAL: Final = 110_000
_LOG: Final = 17_000_000
_FILES: Final = 1_700_000
_AUDIT: Final = 650_000


def invent_storage(repository: Repository, now: datetime) -> None:
    """Write the samples, unless a repository exists, which has a past of its own."""
    with suppress(OSError):
        if repository.system_id is None and not read_storage(repository.folder):
            private_files.make_folder(repository.folder)
            write_storage(repository.folder, _invent(now))


def _invent(now: datetime) -> Iterator[StorageSample]:
    for time in _times(now):
        part = 1 - (now - time) / (_DAYS * _DAY)
        days = part * _DAYS
        week = int(days // _WEEK)
        yield StorageSample(
            time,
            StorageUse(
                full=round(_FULL * (week + 1) / (_DAYS // _WEEK + 1)),
                incremental=round(_INCREMENTAL * (1 + days % _WEEK)),
                log=round(_LOG * (0.2 + 0.8 * part)),
                files=round(_FILES * (0.5 + 0.5 * part)),
                audit=round(_AUDIT * (0.1 + 0.9 * part)),
            ),
        )


def _times(now: datetime) -> Iterator[datetime]:
    """Yield the times, oldest first, for which samples of a month would be kept."""
    for days in range(_DAYS, _WEEK, -1):
        yield now - days * _DAY
    for hours in range(24 * _WEEK, 0, -_HOURS_OF_LAST_WEEK):
        yield now - timedelta(hours=hours)
