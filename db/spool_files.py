"""The files of a spool: how they are called, what stands in them, how many wait."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

FULL: Final = ".spool"
UNFINISHED: Final = ".new"
DAMAGED: Final = ".damaged"
_LENGTH: Final = 4


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits in a spool, and how many of its files somebody has changed.

    `oldest_at` is when the first of the records was kept, None without any.
    """

    records: int = 0
    oldest_at: datetime | None = None
    damaged: int = 0


def new_name() -> str:
    """Return a name for a file that is begun now: in the order in which they were."""
    return f"{int(time.time())}-{uuid4().hex}"


def paths(folder: Path) -> Sequence[Path]:
    """Return the files in which something may wait, the oldest first."""
    return _with_suffix(folder, FULL)


def waiting(folder: Path) -> Waiting:
    """Count what waits, whoever holds it; no key is needed. Raises OSError."""
    told = [(count, at) for count, at in map(_told, paths(folder)) if count]
    return Waiting(
        sum(count for count, _ in told),
        min((at for _, at in told), default=None),
        len(_with_suffix(folder, DAMAGED)),
    )


def framed(sealed: bytes) -> bytes:
    """Return a record as it stands in a file."""
    return len(sealed).to_bytes(_LENGTH, "big") + sealed


def records(content: bytes) -> Iterator[bytes]:
    """Yield the sealed records; half a last one was never answered for."""
    start = 0
    while (begin := start + _LENGTH) <= len(content):
        end = begin + int.from_bytes(content[start:begin], "big")
        if end > len(content):
            return
        yield content[begin:end]
        start = end


def size_of(path: Path) -> int:
    """Return how many bytes a file has; one that is gone has none."""
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


def _with_suffix(folder: Path, suffix: str) -> Sequence[Path]:
    try:
        files = sorted(folder.iterdir())
    except FileNotFoundError:
        return ()
    return [path for path in files if path.suffix == suffix]


def _told(path: Path) -> tuple[int, datetime]:
    try:
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            count = sum(1 for _ in records(file.read()))
    except FileNotFoundError:
        # It was emptied since we saw its name.
        return 0, datetime.now(UTC)
    begun, _, _ = path.stem.partition("-")
    # Called otherwise by whoever put it here: then it is at least as old as that.
    at = float(begun) if begun.isdecimal() and "-" in path.stem else state.st_mtime
    return count, datetime.fromtimestamp(at, UTC)
