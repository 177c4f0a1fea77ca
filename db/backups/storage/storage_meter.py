"""Measures a repository repeatedly; of stored files, only folders that changed."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from db.backups.repository import Repository, is_set_unfinished
from db.backups.storage.storage_use import StorageUse, use_of

# The clock of a disk has coarse ticks: a folder that changed just now may change again
# within the same one.
_CLOCK_TICK_NS: Final = 2_000_000_000


class StorageMeter:
    """Measures the size of a repository; what disappears meanwhile is left out."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        # The bytes in a folder of stored files, and when it had last changed.
        self._files: dict[str, tuple[int, int]] = {}

    def measure(self) -> StorageUse:
        """Return how many bytes each kind takes. Raises OSError."""
        return use_of(self._sizes(), self._repository.survey())

    def _sizes(self) -> Iterator[tuple[str, int]]:
        folder = self._repository.folder
        for place in sorted((folder / "sets").glob("*/")):
            # A set that is being made may fail.
            if not is_set_unfinished(place.name):
                yield from _sizes_in(place, f"sets/{place.name}")
        yield from _sizes_in(folder / "log", "log")
        for place in sorted((folder / "files").glob("??/")):
            yield f"files/{place.name}", self._bytes_in(place)

    def _bytes_in(self, place: Path) -> int:
        changed = place.stat().st_mtime_ns
        known = self._files.get(place.name)
        if known is None or known[0] != changed:
            known = changed, sum(size for _, size in _sizes_in(place, ""))
            if time.time_ns() - changed > _CLOCK_TICK_NS:
                self._files[place.name] = known
        return known[1]


def _sizes_in(place: Path, name: str) -> Iterator[tuple[str, int]]:
    with suppress(FileNotFoundError), os.scandir(place) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                yield f"{name}/{entry.name}", entry.stat().st_size
