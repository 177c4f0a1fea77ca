"""The pace of background work, beside people who work."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BufferedIOBase
from typing import Final

# With many short pieces, each followed by a short rest, everybody would meet one: a
# click takes some 20 ms and seldom meets a long piece.
_WORK_SECONDS: Final = 0.05
# After a piece that took long, such as a disk that answered late, more rest helps
# nobody.
_LONGEST_REST_SECONDS: Final = 2.0


@dataclass(slots=True, eq=False)
class Pace:
    """Works for a share of the time, and rests for the remainder.

    With a `share` of 1 there is no rest, nor after `longest_rests`, the seconds that
    all rests together may take. The worker calls `rest` between two pieces. A pace is
    for one piece of work in one thread.
    """

    share: float
    longest_rests: float = math.inf
    sleep: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _since: float = field(init=False)
    _rested: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        """Raise ValueError for a share that leaves no time for work, or exceeds 1."""
        if not 0 < self.share <= 1:
            raise ValueError(f"A share of {self.share}: more than 0, at most 1.")
        self._since = self.clock()

    def rest(self) -> None:
        """Rest for as long as the work since the last rest requires."""
        if self.share == 1 or self._rested >= self.longest_rests:
            return
        worked = self.clock() - self._since
        if worked < _WORK_SECONDS:
            return
        rest = min(worked * (1 / self.share - 1), _LONGEST_REST_SECONDS)
        self.sleep(rest)
        self._rested += rest
        self._since = self.clock()


AT_ONCE: Final = Pace(1.0)


@dataclass(frozen=True, slots=True)
class PacedReader:
    """A stream that rests before each piece that is read from it."""

    stream: BufferedIOBase
    pace: Pace

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most `size`; none at the end."""
        self.pace.rest()
        return self.stream.read(size)
