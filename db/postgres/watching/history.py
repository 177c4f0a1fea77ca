"""When the primary was at which position, which gives a replica's lag in seconds."""

from collections import deque
from dataclasses import dataclass
from threading import Lock

from db.postgres.watching.lsn import Lsn

# Half a day and more if every look adds an entry; an idle primary adds nothing.
_MOST_ENTRIES = 100_000


@dataclass(frozen=True, slots=True)
class Milestone:
    """A position that the primary had reached by this time (monotonic seconds)."""

    seen_at: float
    lsn: Lsn


class WalHistory:
    """The primary's positions over time.

    A replica lags since the time when the primary was first seen beyond what the
    replica has replayed. Both times come from our own clock, so servers whose clocks
    disagree and idle primaries mislead nobody, as they would with
    `pg_last_xact_replay_timestamp()`.
    """

    def __init__(self) -> None:
        self._milestones: deque[Milestone] = deque(maxlen=_MOST_ENTRIES)
        self._timeline = 0
        self._guard = Lock()

    def note(self, timeline: int, lsn: Lsn, seen_at: float) -> None:
        """Record the primary's position; a promotion starts the history again."""
        with self._guard:
            if timeline < self._timeline:
                return  # A former primary that has not noticed yet.
            if timeline > self._timeline:
                self._timeline = timeline
                self._milestones.clear()
            if not self._milestones or lsn > self._milestones[-1].lsn:
                self._milestones.append(Milestone(seen_at, lsn))

    def bytes_behind(self, replayed: Lsn) -> int | None:
        """Return how many bytes the primary is ahead; None if it was never seen."""
        with self._guard:
            if not self._milestones:
                return None
            return max(0, self._milestones[-1].lsn - replayed)

    def seconds_behind(self, replayed: Lsn, at: float) -> float | None:
        """Return for how long the primary has been ahead at the time `at`."""
        with self._guard:
            if not self._milestones:
                return None
            passed_at = at
            for milestone in reversed(self._milestones):
                if milestone.lsn <= replayed:
                    break
                passed_at = milestone.seen_at
            return max(0.0, at - passed_at)
