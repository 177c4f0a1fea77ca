"""How much space is free on the disks below a data folder."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# PostgreSQL and MongoDB exit if they cannot create the next file of their log, 16 MB at
# most; the space that they leave free then helps nobody.
_NO_ROOM_BYTES: Final = 20_000_000
_OWN_DISKS: Final = ("postgres/*", "mongo", "etcd", "spool", "secrets")


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """The disk of a data folder, and those that parts of it may have of their own."""

    folder: Path

    def usage(self) -> tuple[int, int] | None:
        """Return the free space of the folder's own disk, and its size, in bytes."""
        return usage_of(self.folder)

    @property
    def is_full(self) -> bool:
        """Whether the folder's own disk is full, which stops everything."""
        return _is_full(self.folder)

    def full(self) -> tuple[str, ...]:
        """Return the folders whose disks are full; only the data folder if its is."""
        if self.is_full:
            return ("the data folder",)
        return tuple(part.name for part in self._mounted() if _is_full(part))

    def _mounted(self) -> Iterator[Path]:
        """Yield the parts that are on another disk than the folder."""
        for pattern in _OWN_DISKS:
            yield from (p for p in sorted(self.folder.glob(pattern)) if p.is_mount())


def usage_of(folder: Path) -> tuple[int, int] | None:
    """Return the free space of a folder's disk, and its size, in bytes."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    return usage.free, usage.total


def _is_full(folder: Path) -> bool:
    usage = usage_of(folder)
    return usage is not None and usage[0] < _NO_ROOM_BYTES
