"""The state of the background worker, by its heartbeats."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

# A worker beats every 5 seconds; after this long without a beat, none is at work.
STALE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class WorkerState:
    """How long ago a worker was last heard of; None if never."""

    heartbeat_age_seconds: float | None

    @property
    def is_at_work(self) -> bool:
        """Whether a worker has been heard of recently."""
        age = self.heartbeat_age_seconds
        return age is not None and age <= STALE_SECONDS


def worker_state(session: Session) -> WorkerState:
    """Return the age of the latest heartbeat of any worker."""
    age = session.scalar(
        text(
            "SELECT extract(epoch FROM clock_timestamp() - max(last_heartbeat))::float8"
            " FROM procrastinate_workers"
        )
    )
    return WorkerState(age)
