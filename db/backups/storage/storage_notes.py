"""The space that backups took over time, recorded once an hour in their own folder.

There it survives going back, and goes with the disk: another disk starts again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from db.backups.storage.storage_use import StorageUse
from db.files import private_files

NOTED_EVERY: Final = timedelta(hours=1)
_NAME: Final = "storage.json"
# Every hour for a week, then one per day, for two years.
_ALL_KEPT_FOR: Final = timedelta(days=7)
_KEPT_FOR: Final = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class StorageSample:
    """What each kind took up at a time: here, and in the copy elsewhere, if any.

    The copy is as it was when it was last listed, up to an hour before.
    """

    at: datetime
    here: StorageUse
    copy: StorageUse | None = None


_SAMPLES: Final = TypeAdapter(tuple[StorageSample, ...])


def read_storage(repository: Path) -> tuple[StorageSample, ...]:
    """Return the samples, oldest first."""
    return private_files.read_as(_SAMPLES, repository / _NAME) or ()


def write_storage(repository: Path, samples: Iterable[StorageSample]) -> None:
    """Write these samples and no others. Raises OSError."""
    content = _SAMPLES.dump_json(tuple(samples))
    private_files.replace(repository / _NAME, content)


def add_sample(repository: Path, sample: StorageSample) -> None:
    """Add a sample of now, and thin out old ones. Raises OSError."""
    write_storage(repository, (*_thinned(read_storage(repository), sample.at), sample))


def _thinned(
    samples: Iterable[StorageSample], now: datetime
) -> Iterator[StorageSample]:
    """Yield the samples to keep: the first of each older day; none in the future.

    Future ones were recorded by a clock that was ahead.
    """
    days = set[date]()
    for sample in samples:
        age, day = now - sample.at, sample.at.astimezone(UTC).date()
        if not timedelta() < age < _KEPT_FOR:
            continue
        if age < _ALL_KEPT_FOR or day not in days:
            days.add(day)
            yield sample
