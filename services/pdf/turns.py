"""Turns at reading files: few at once, and nobody's slow files keep out other people.

Shared by what each person has used lately, as in fair queueing (Demers, Keshav and
Shenker 1989): whoever has used least is next, and a small file before a large one.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition
from time import monotonic
from typing import Final

from services.core.errors import Unavailable

# Usage counts half after this many seconds.
_HALF_LIFE_SECONDS: Final = 60.0
# Somebody whose files took longer than this lately has slow files.
_SLOW_SECONDS: Final = 5.0
_FORGOTTEN_SECONDS: Final = 0.01
# The expected speed of reading; only the order of waiting requests depends on it.
_BYTES_PER_SECOND: Final = 50_000_000


class Busy(Unavailable):
    """So many files are being read that this one did not get a turn in time."""

    def __init__(self) -> None:
        super().__init__(
            "Many documents are being read at the moment. Try again in a minute."
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    """Somebody's file, waiting or being read since then (monotonic seconds)."""

    person: Hashable
    size: int
    since: float


@dataclass(frozen=True, slots=True)
class _Use:
    """How many seconds somebody had used by a certain time."""

    seconds: float
    at: float

    def left(self, now: float) -> float:
        """Return how much of it still counts."""
        return float(self.seconds * 0.5 ** ((now - self.at) / _HALF_LIFE_SECONDS))


class Turns:
    """Gives out a limited number of turns at once; for use by any number of threads.

    One of them is always kept from a person who has all the others, and from all people
    together whose files were slow lately.
    """

    def __init__(self, at_once: int, clock: Callable[[], float] = monotonic) -> None:
        self._at_once = at_once
        self._shared = max(1, at_once - 1)
        self._clock = clock
        self._changed = Condition()
        self._waiting: list[_Request] = []
        self._reading: list[_Request] = []
        self._used: dict[Hashable, _Use] = {}

    @contextmanager
    def taken(self, person: Hashable, size: int, seconds: float) -> Iterator[None]:
        """Have a turn for a file of `size` bytes inside the block.

        Raises Busy if there is none within `seconds`.
        """
        waiting = _Request(person, size, self._clock())
        with self._changed:
            self._waiting.append(waiting)
            try:
                if not self._changed.wait_for(lambda: self._next() is waiting, seconds):
                    raise Busy
            finally:
                self._waiting.remove(waiting)
                # Somebody behind it may be next.
                self._changed.notify_all()
            reading = _Request(person, size, self._clock())
            self._reading.append(reading)
        try:
            yield
        finally:
            with self._changed:
                self._reading.remove(reading)
                self._charge(person, self._clock() - reading.since)
                self._changed.notify_all()

    def _next(self) -> _Request | None:
        if len(self._reading) >= self._at_once:
            return None
        now = self._clock()
        allowed = [request for request in self._waiting if self._may(request, now)]
        return min(allowed, key=lambda each: self._rank(each, now), default=None)

    def _may(self, request: _Request, now: float) -> bool:
        people = [reading.person for reading in self._reading]
        if people.count(request.person) >= self._shared:
            return False
        if not self._is_slow(request.person, now):
            return True
        return sum(self._is_slow(person, now) for person in people) < self._shared

    def _rank(self, request: _Request, now: float) -> tuple[float, float]:
        expected = request.size / _BYTES_PER_SECOND
        return self._share(request.person, now) + expected, request.since

    def _is_slow(self, person: Hashable, now: float) -> bool:
        return self._share(person, now) > _SLOW_SECONDS

    def _share(self, person: Hashable, now: float) -> float:
        """Return the seconds that somebody has used lately and is using now."""
        running = (now - each.since for each in self._reading if each.person == person)
        return self._used_lately(person, now) + sum(running)

    def _used_lately(self, person: Hashable, now: float) -> float:
        return self._used[person].left(now) if person in self._used else 0.0

    def _charge(self, person: Hashable, seconds: float) -> None:
        now = self._clock()
        self._used = {
            each: use
            for each, use in self._used.items()
            if use.left(now) > _FORGOTTEN_SECONDS
        }
        before = self._used_lately(person, now)
        self._used[person] = _Use(before + seconds, now)
