"""Reads ahead while what was read is being stored."""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from queue import SimpleQueue
from threading import BoundedSemaphore, Event, Thread
from typing import Final, Generic, TypeVar

T = TypeVar("T")

# Some megabytes: as much as a file store takes while it waits for its disks.
_PIECES_AHEAD: Final = 8


@contextmanager
def read_ahead(pieces: Generator[T]) -> Iterator[Iterator[T]]:
    """Yield the pieces as a thread of their own reads them, a few ahead.

    Until the block ends, their source belongs to that thread, which closes it. Its
    errors are raised to the consumer of the pieces.
    """
    reader = _Reader(pieces)
    reader.begin()
    try:
        yield reader.taken()
    finally:
        reader.end()


class _Reader(Generic[T]):
    """A thread that reads until all is read or nobody wants more."""

    def __init__(self, pieces: Generator[T]) -> None:
        self._pieces = pieces
        self._room = BoundedSemaphore(_PIECES_AHEAD)
        self._ready: SimpleQueue[T | None] = SimpleQueue()
        self._stopping = Event()
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._read, name="reading-ahead", daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Wait for the thread, which finishes at most the piece that it is reading."""
        self._stopping.set()
        while self._thread.is_alive():
            if self._ready.get() is None:
                break
            self._room.release()
        self._thread.join()

    def taken(self) -> Iterator[T]:
        """Yield the pieces; raises the error with which reading ended."""
        while (piece := self._ready.get()) is not None:
            self._room.release()
            yield piece
        # Put back for `end`, which waits for the same marker.
        self._ready.put(None)
        if self._failure is not None:
            raise self._failure

    def _read(self) -> None:
        try:
            with closing(self._pieces):
                for piece in self._pieces:
                    self._room.acquire()
                    self._ready.put(piece)
                    if self._stopping.is_set():
                        break
        except BaseException as failure:
            # Raised to the consumer of the pieces, whose thread has callers for it.
            self._failure = failure
        finally:
            self._ready.put(None)
