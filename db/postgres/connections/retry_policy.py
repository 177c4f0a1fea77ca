"""How long and how often an operation is tried again."""

import random
from time import monotonic, sleep

from db.postgres import counters
from db.postgres.connections.failures import DatabaseUnavailable, Trouble

_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 0.2


class RetryPolicy:
    """Pauses between attempts, until `seconds` have passed since the first failure.

    It starts at the first failure because a long operation that meets trouble at its
    end deserves another attempt as much as a short one.
    """

    def __init__(self, seconds: float, operation: str) -> None:
        self._seconds = seconds
        self._operation = operation
        self._ends_at: float | None = None
        self._pause_seconds = _FIRST_PAUSE_SECONDS

    def bear(self, trouble: Trouble, error: BaseException) -> None:
        """Wait before the next attempt, or raise DatabaseUnavailable: time is up."""
        now = monotonic()
        self._ends_at = self._ends_at or now + self._seconds
        if now >= self._ends_at:
            raise DatabaseUnavailable(
                f"No server could {self._operation} for {self._seconds:g} seconds."
            ) from error
        counters.RETRIES.labels(self._operation, trouble.value).inc()
        # Spread out, so that those who met in a deadlock do not meet again.
        sleep(min(self._pause_seconds * random.uniform(0.5, 1.5), self._ends_at - now))  # noqa: S311
        self._pause_seconds = min(self._pause_seconds * 2, _LONGEST_PAUSE_SECONDS)
