"""How far behind a replica is, in bytes and in seconds."""

from typing import Final

from db.cluster.observing.answers import ServerAnswer
from db.cluster.observing.snapshot import Behind
from db.postgres import Lsn
from db.postgres.watching.history import WalHistory

# Our looks are this far apart: within that interval PostgreSQL knows better.
_BETWEEN_LOOKS_SECONDS: Final = 1.0
# A replica that still lacks, after this long, what was there when we began to look has
# lagged since before: the age of its newest commit is then the better measure.
_SINCE_BEFORE_SECONDS: Final = 5.0


class Log:
    """Where the primary was and when, and what follows for a replica.

    Equal positions mean no lag, however long nobody has written. All times are by our
    own clock.
    """

    def __init__(self) -> None:
        self._history = WalHistory()
        self._first: tuple[int, Lsn] | None = None
        self._last: tuple[float, Lsn] | None = None
        self.bytes_per_second: float | None = None

    def note(self, primary: ServerAnswer) -> None:
        """Record the primary's position."""
        self._history.note(primary.timeline, primary.lsn, primary.queried_at)
        if self._first is None or self._first[0] != primary.timeline:
            self._first = (primary.timeline, primary.lsn)
            self._last = None
        if self._last is not None:
            elapsed = primary.queried_at - self._last[0]
            written = primary.lsn - self._last[1]
            self.bytes_per_second = max(0.0, written / elapsed) if elapsed else None
        self._last = (primary.queried_at, primary.lsn)

    def behind(
        self,
        position: Lsn | None,
        at: float,
        *,
        reported: float | None = None,
        age: float | None = None,
    ) -> Behind:
        """Return how far a position is behind at the time `at` (monotonic).

        `reported` is PostgreSQL's own measure in seconds, `age` that of the newest
        commit visible on the replica.
        """
        if position is None:
            return Behind()
        missing = self._history.bytes_behind(position)
        if not missing:
            return Behind(None if missing is None else 0.0, missing)
        seconds = self._history.seconds_behind(position, at) or 0.0
        seconds = max(seconds, min(reported or 0.0, _BETWEEN_LOOKS_SECONDS))
        is_older = self._first is not None and position < self._first[1]
        if is_older and seconds >= _SINCE_BEFORE_SECONDS and age is not None:
            seconds = max(seconds, age)
        return Behind(seconds, missing)
