"""How backups stand, for whoever asks every second."""

from datetime import datetime, timedelta
from typing import Final

from db.backups.notes import Failure
from jobs.backups.scheduling import BackupScheduler
from services.backups import time_of_newest
from services.cluster.alerts import BackupCondition

# A folder on a distant disk need not be listed every second.
_KEPT: Final = timedelta(seconds=30)


class BackupWatch:
    """The age of the newest backup, looked up twice a minute, and what went wrong."""

    def __init__(self, scheduler: BackupScheduler) -> None:
        self._scheduler = scheduler
        self._looked_at: datetime | None = None
        self._as_of: datetime | None = None

    def at(self, now: datetime) -> BackupCondition:
        """Return how backups stand at a time."""
        if self._looked_at is None or now - self._looked_at >= _KEPT:
            self._as_of = time_of_newest(self._scheduler.repository)
            self._looked_at = now
        since, scheduler = self._as_of, self._scheduler
        if since is None and scheduler.plan.every:
            since = scheduler.started_at
        failure = scheduler.failure
        return BackupCondition(
            age=None if since is None else max(timedelta(), now - since),
            has_any=self._as_of is not None,
            failed_tries=self._tries(failure),
            failure=failure.sentence if failure else "",
        )

    def _tries(self, failure: Failure | None) -> int | None:
        """Return how many failed in a row; None until one succeeded or failed."""
        if failure is not None:
            return failure.tries
        return None if self._as_of is None else 0
