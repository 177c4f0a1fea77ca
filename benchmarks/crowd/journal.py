"""What a crowd has lived through: how long it waited for what, and what went wrong."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

# A page opened by its address; a run of the whole page; of a fragment that somebody
# clicked in; of one that refreshes itself; the bytes of a file.
Kind = Literal["open", "rerun", "click", "refresh", "upload"]
RUNS: Final[tuple[Kind, ...]] = ("rerun", "click", "refresh")
SHARES: Final = (50, 95, 99)


@dataclass(slots=True)
class Journal:
    """Seconds by kind, and errors by what they say."""

    seconds: dict[Kind, list[float]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    # Two wanted one slot, and this one was later: that is no error.
    lost_races: int = 0

    def add(self, kind: Kind, seconds: float) -> None:
        """Note one wait."""
        self.seconds.setdefault(kind, []).append(seconds)

    def fail(self, why: str) -> None:
        """Note one error."""
        self.errors[why] += 1

    def count(self, *kinds: Kind) -> int:
        """Return how often it was waited for one of these."""
        return sum(len(self.seconds.get(kind, ())) for kind in kinds)

    def within(self, share: int, *kinds: Kind) -> float:
        """Return within how many seconds this share, in per cent, had its answer."""
        waits = [wait for kind in kinds for wait in self.seconds.get(kind, ())]
        return float(np.percentile(waits, share)) if waits else float("nan")

    def merge(self, other: "Journal") -> None:
        """Add what another one noted."""
        for kind, seconds in other.seconds.items():
            self.seconds.setdefault(kind, []).extend(seconds)
        self.errors.update(other.errors)
        self.lost_races += other.lost_races
