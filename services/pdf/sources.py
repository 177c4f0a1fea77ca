"""Hands a file over by its descriptor, without a name and only for reading."""

import io
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final, Protocol

# Larger ones go to an unnamed file on disk instead of a second time into memory.
_MAX_IN_MEMORY: Final = 4 * 1024 * 1024
_PIECE: Final = 1024 * 1024
_HEADER_WITHIN: Final = 1024


class Readable(Protocol):
    """A file, or whatever else gives its bytes away in pieces."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes, and none at the end."""


@contextmanager
def handed_over(source: Readable | int) -> Iterator[int]:
    """Yield the descriptor of a file that holds all the source's bytes.

    What has a descriptor of its own, or is an io.BytesIO, is taken from its beginning
    and stays where it is; anything else is read from where it is to its end.
    """
    lent = _lent(source)
    try:
        yield lent
    finally:
        os.close(lent)


def begins_like_a_pdf(file: int) -> bool:
    """Tell whether the header is where every reader looks for it."""
    return b"%PDF-" in os.pread(file, _HEADER_WITHIN, 0)


def _lent(source: Readable | int) -> int:
    if isinstance(source, int):
        return _read_only(source)
    if isinstance(source, io.BytesIO):
        with source.getbuffer() as held:
            return _copied([held], size=len(held))
    if isinstance(source, io.IOBase | tempfile.SpooledTemporaryFile):
        # What was written may still be on its way into the file.
        source.flush()
        return _read_only(source.fileno())
    pieces = iter(partial(source.read, _PIECE), b"")
    return _copied(pieces, size=getattr(source, "size", None))


def _read_only(file: int) -> int:
    """Open the same file once more: whoever gets it can neither write nor seek ours."""
    try:
        return os.open(f"/proc/self/fd/{file}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        # Not on Linux.
        size = os.fstat(file).st_size
        pieces = (os.pread(file, _PIECE, at) for at in range(0, size, _PIECE))
        return _copied(pieces, size=size)


def _copied(pieces: Iterable[bytes | memoryview], *, size: int | None) -> int:
    with _unnamed(size) as copy:
        for piece in pieces:
            copy.write(piece)
        copy.flush()
        return os.dup(copy.fileno())


def _unnamed(size: int | None) -> io.BufferedRandom:
    if size is not None and size <= _MAX_IN_MEMORY and hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("pdf"), "w+b")
    return tempfile.TemporaryFile()
