"""When the primary got how far: what a replica's lag in seconds is measured by."""

from collections import deque
from dataclasses import dataclass
from threading import Lock

from db.postgres.watching.lsn import Lsn

# Half a day and more when written to at every look; an idle primary adds nothing.
_MOST_ENTRIES = 100_000


@dataclass(frozen=True, slots=True)
class Milestone:
    """The primary had got this far by this time (monotonic seconds)."""

    seen_at: float
    lsn: Lsn


class WalHistory:
    """The primary's positions over time.

    A replica lags since the primary was first seen beyond what the replica has
    replayed. Both times are read off our own clock, so servers whose clocks disagree
    and primaries that are idle mislead nobody, as `pg_last_xact_replay_timestamp()`
    would.
    """

    def __init__(self) -> None:
        self._milestones: deque[Milestone] = deque(maxlen=_MOST_ENTRIES)
        self._timeline = 0
        self._guard = Lock()

    def note(self, timeline: int, lsn: Lsn, seen_at: float) -> None:
        """Remember how far the primary is; a promotion starts the history anew."""
        with self._guard:
            if timeline < self._timeline:
                return  # A former primary that has not noticed yet.
            if timeline > self._timeline:
                self._timeline = timeline
                self._milestones.clear()
            if not self._milestones or lsn > self._milestones[-1].lsn:
                self._milestones.append(Milestone(seen_at, lsn))

    def bytes_behind(self, replayed: Lsn) -> int | None:
        """Return how many bytes the primary is ahead, None if it was never seen."""
        with self._guard:
            if not self._milestones:
                return None
            return max(0, self._milestones[-1].lsn - replayed)

    def seconds_behind(self, replayed: Lsn, at: float) -> float | None:
        """Return for how long the primary has been ahead at the moment `at`."""
        with self._guard:
            if not self._milestones:
                return None
            passed_at = at
            for milestone in reversed(self._milestones):
                if milestone.lsn <= replayed:
                    break
                passed_at = milestone.seen_at
            return max(0.0, at - passed_at)
