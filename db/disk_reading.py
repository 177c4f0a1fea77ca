"""Reads from a disk that may never answer, and waits for it only for a limited time.

A network disk that is away answers no call, and no call to it can be cancelled: the
thread that made it is lost until the disk is back. So one thread reads at a time, and
while that one waits in vain no other begins.
"""

from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Condition, Thread
from time import monotonic
from typing import Final, Generic, TypeVar

T = TypeVar("T")

# Longer than any of it takes on a working disk, and short for a person who waits.
_PATIENCE_SECONDS: Final = 1.5


class DiskSilent(Exception):
    """The disk was asked something at `since`, and has not answered yet."""

    def __init__(self, since: datetime) -> None:
        super().__init__(f"The disk has not answered since {since:%Y-%m-%d %H:%M:%S}.")
        self.since = since


class DiskReader:
    """Lets one thread at a time read from a disk, for any number of callers."""

    def __init__(self, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        self._patience = patience_seconds
        self._turn = Condition()
        # When the present reading began, by the monotonic clock and by the date.
        self._began: tuple[float, datetime] | None = None

    def read(self, reading: Callable[[], T]) -> T:
        """Return what `reading` returns, or raise what it raises.

        Raises DiskSilent if it takes too long; the reading goes on nevertheless.
        """
        answer = Future[T]()
        began_at = self._take_turn()
        try:
            Thread(
                target=self._run, args=[reading, answer], name="disk", daemon=True
            ).start()
        except BaseException:
            self._end_turn()
            raise
        wait([answer], self._patience)
        if not answer.done():
            raise DiskSilent(began_at)
        return answer.result()

    def _take_turn(self) -> datetime:
        """Wait for earlier readings while they make progress; raises DiskSilent."""
        with self._turn:
            while (ahead := self._began) is not None:
                left = self._patience - (monotonic() - ahead[0])
                if left <= 0:
                    raise DiskSilent(ahead[1])
                self._turn.wait(left)
            now = datetime.now(UTC)
            self._began = monotonic(), now
            return now

    def _end_turn(self) -> None:
        with self._turn:
            self._began = None
            self._turn.notify_all()

    def _run(self, reading: Callable[[], T], answer: Future[T]) -> None:
        try:
            answer.set_result(reading())
        except BaseException as error:
            # Raised in the caller's thread.
            answer.set_exception(error)
        finally:
            self._end_turn()


@dataclass(frozen=True, slots=True)
class Seen(Generic[T]):
    """The value last read, if there ever was one, and since when the disk is silent."""

    value: T | None
    silent_since: datetime | None = None


class KeptReading(Generic[T]):
    """A value that is read again and again; the last one is kept."""

    def __init__(self, reading: Callable[[], T], reader: DiskReader) -> None:
        self._reading = reading
        self._reader = reader
        self._last: T | None = None

    def look(self) -> Seen[T]:
        """Read it, or return the last value; raises what the reading raises."""
        try:
            return Seen(self._reader.read(self._read))
        except DiskSilent as silent:
            return Seen(self._last, silent.since)

    def _read(self) -> T:
        # Kept here, because the reading may end after nobody waits for it any more.
        self._last = value = self._reading()
        return value
