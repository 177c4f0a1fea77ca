"""The files that were a spool before it was a database, for taking them over."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from db.files import private_files

_LENGTH: Final = 4

# A record's place, since when it waits, and the record, sealed for that place.
Row = tuple[str, float, bytes]


def take_over(folder: Path, add: Callable[[list[Row]], None]) -> None:
    """Give `add` the records of each file, oldest first, and delete the file."""
    for path in sorted(folder.glob("*.spool")):
        # A locked file is one that a process of the earlier version still adds to.
        with (
            suppress(BlockingIOError),
            private_files.locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB),
        ):
            add(_rows(path))
            path.unlink()


def _rows(path: Path) -> list[Row]:
    begun, _, _ = path.stem.partition("-")
    # Named otherwise by whoever put it here: then it is at least as old as the file.
    is_ours = begun.isdecimal() and "-" in path.stem
    kept_at = float(begun) if is_ours else path.stat().st_mtime
    return [
        (f"spool {path.stem} {place}", kept_at, sealed)
        for place, sealed in enumerate(_records(path.read_bytes()))
    ]


def _records(content: bytes) -> Iterator[bytes]:
    """Yield the sealed records; a truncated last one was never acknowledged."""
    start = 0
    while (begin := start + _LENGTH) <= len(content):
        end = begin + int.from_bytes(content[start:begin], "big")
        if end > len(content):
            return
        yield content[begin:end]
        start = end
