"""Reads what lies on a disk that may answer nobody, and waits for it only so long.

A disk on a network that is away answers no call, and no call to it can be taken back:
the thread that made it is lost until the disk is there again. So one thread reads at a
time, and while that one waits in vain nobody begins another.
"""

from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Condition, Thread
from time import monotonic
from typing import Final, Generic, TypeVar

T = TypeVar("T")

# Longer than a disk that works takes for any of it, and short for whoever waits.
_PATIENCE_SECONDS: Final = 1.5


class DiskSilent(Exception):
    """The disk was asked something at `since`, and has not answered yet."""

    def __init__(self, since: datetime) -> None:
        super().__init__(f"The disk does not answer since {since:%Y-%m-%d %H:%M:%S}.")
        self.since = since


class DiskReader:
    """Has one thread at a time read from a disk, for any number of those who ask."""

    def __init__(self, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        self._patience = patience_seconds
        self._turn = Condition()
        # When the reading that goes on was begun: to tell how long ago, and the time.
        self._began: tuple[float, datetime] | None = None

    def read(self, reading: Callable[[], T]) -> T:
        """Return what `reading` returns, or raise what it raises.

        Raises DiskSilent if it takes too long; it goes on all the same.
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
        """Wait for those before, as long as they get on; raises DiskSilent."""
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
            # Whoever asked raises it.
            answer.set_exception(error)
        finally:
            self._end_turn()


@dataclass(frozen=True, slots=True)
class Seen(Generic[T]):
    """What was read last, if anything ever was, and since when nothing is answered."""

    value: T | None
    silent_since: datetime | None = None


class KeptReading(Generic[T]):
    """One thing that is read again and again; what was read last is kept."""

    def __init__(
        self, reading: Callable[[], T], reader: DiskReader | None = None
    ) -> None:
        self._reading = reading
        self._reader = reader or DiskReader()
        self._last: T | None = None

    def look(self) -> Seen[T]:
        """Read it, or return what was read last; raises what the reading raises."""
        try:
            return Seen(self._reader.read(self._read))
        except DiskSilent as silent:
            return Seen(self._last, silent.since)

    def _read(self) -> T:
        # Kept here, where it comes to be also after nobody waits for it any more.
        self._last = value = self._reading()
        return value
