"""How old the newest backup is, for whoever asks every second."""

from datetime import datetime, timedelta
from typing import Final

from db.backups.repository import Repository
from services.backups import time_of_newest

# A folder on a distant disk need not be listed every second.
_KEPT: Final = timedelta(seconds=30)


class BackupAge:
    """The age of the newest backup, looked up at most twice a minute."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._looked_at: datetime | None = None
        self._as_of: datetime | None = None

    def at(self, now: datetime) -> timedelta | None:
        """Return the age at a time; None where there never was a backup."""
        if self._looked_at is None or now - self._looked_at >= _KEPT:
            self._as_of = time_of_newest(self._repository)
            self._looked_at = now
        return None if self._as_of is None else max(timedelta(), now - self._as_of)
