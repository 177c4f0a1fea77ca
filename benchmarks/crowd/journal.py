"""A crowd's experience: how long it waited for what, and what went wrong."""

from collections import Counter
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final, Literal

import numpy as np

# A page opened by its address; a run of the whole page; of a fragment that somebody
# clicked in; of one that refreshes itself; the bytes of a file; a lost connection.
Kind = Literal["open", "rerun", "click", "refresh", "upload", "reconnect"]
RUNS: Final[tuple[Kind, ...]] = ("rerun", "click", "refresh")
SHARES: Final = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class Wait:
    """One wait: when it was over, on the clock of `perf_counter`, and its length."""

    ended_at: float
    kind: Kind
    seconds: float

    @property
    def began_at(self) -> float:
        """When it began, on the same clock."""
        return self.ended_at - self.seconds


@dataclass(slots=True)
class Journal:
    """Every wait, and errors by their messages."""

    waits: list[Wait] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    # Two people wanted one slot, and this one was later: that is no error.
    lost_races: int = 0
    # Actions whose connection was lost before the answer.
    interrupted: int = 0

    def add(self, kind: Kind, seconds: float) -> None:
        """Record one wait, which is over now."""
        self.waits.append(Wait(perf_counter(), kind, seconds))

    def fail(self, why: str) -> None:
        """Record one error."""
        self.errors[why] += 1

    def count(self, *kinds: Kind) -> int:
        """Return how many waits of these kinds there were."""
        return sum(wait.kind in kinds for wait in self.waits)

    def within(self, share: int, *kinds: Kind) -> float:
        """Return the seconds within which a share, in per cent, was answered."""
        seconds = [wait.seconds for wait in self.waits if wait.kind in kinds]
        return float(np.percentile(seconds, share)) if seconds else float("nan")

    def merge(self, other: "Journal") -> None:
        """Add the records of another journal."""
        self.waits += other.waits
        self.errors.update(other.errors)
        self.lost_races += other.lost_races
        self.interrupted += other.interrupted
