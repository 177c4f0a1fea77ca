"""The condition of the backups, for callers that ask every second."""

import logging
import threading
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from db.backups.copies.copy_notes import read_copy_note
from db.backups.notes import Failure
from db.backups.recovery_kit import KeyFiles, read_note
from db.backups.strays import RepositoryFaults, survey_with_faults
from jobs.backups.scheduling import BackupScheduler
from services.backups import kits, time_of_newest
from services.backups.kits import KitFault
from services.cluster.alerts import BackupCondition

# A folder on a distant disk need not be listed every second.
_KEPT: Final = timedelta(seconds=30)
_PATIENCE_SECONDS: Final = 5.0
_log = logging.getLogger(__name__)


class BackupWatch:
    """The age of the newest backup and proof, and faults, looked up twice a minute."""

    def __init__(
        self, scheduler: BackupScheduler, key_files: KeyFiles | None = None
    ) -> None:
        self._scheduler = scheduler
        self._key_files = key_files
        self._kit_fault: KitFault | None = None
        self._has_kit = True
        self._unproven_since: datetime | None = None
        self._has_proof = True
        self._unusable_sets: int | None = None
        self._faults = RepositoryFaults()
        self._copy_strays = 0
        self._disk_used: float | None = None
        self._looked_at: datetime | None = None
        self._looking: threading.Thread | None = None
        self._as_of: datetime | None = None

    def at(self, now: datetime) -> BackupCondition:
        """Return the condition of the backups at a time."""
        self._keep_looking(now)
        since, scheduler = self._as_of, self._scheduler
        if since is None and scheduler.plan.every:
            since = scheduler.started_at
        failure, log = scheduler.failure, scheduler.log
        return BackupCondition(
            age=None if since is None else max(timedelta(), now - since),
            has_any=self._as_of is not None,
            failed_tries=self._tries(failure),
            failure=failure.sentence if failure else "",
            log_behind=log.behind(now) if log else None,
            log_failure=log.failure if log else "",
            has_kit=self._has_kit,
            copy_behind=scheduler.copy.behind(now) if scheduler.copy else None,
            copy_failure=scheduler.copy.failure if scheduler.copy else "",
            kit_wanting=self._kit_wanting(now),
            is_kit_unproven=self._kit_fault is not None and self._kit_fault.is_unproven,
            has_proof=self._has_proof,
            unproven=_since(self._unproven_since, now),
            unusable_sets=self._unusable_sets,
            missing_files=self._faults.missing_files or 0,
            strays=len(self._faults.strays) + self._copy_strays,
            lost_times=len(self._faults.lost_times),
            folder_silent=self._silent(now),
            disk_used=self._disk_used,
        )

    def _keep_looking(self, now: datetime) -> None:
        """Look at the folder if the last look was long ago, and wait a moment for it.

        Its disk may be failing, or be on a network that is down, and not answer: the
        caller also watches the servers, and continues with what was seen before.
        """
        looked_at, looking = self._looked_at, self._looking
        if looked_at is not None and timedelta() <= now - looked_at < _KEPT:
            return
        if looking is not None and looking.is_alive():
            return
        self._looked_at = now
        self._looking = threading.Thread(
            target=self._look, args=[now], name="backup_watch", daemon=True
        )
        self._looking.start()
        self._looking.join(_PATIENCE_SECONDS)

    def _silent(self, now: datetime) -> timedelta:
        """Return for how long the folder has not answered."""
        if self._looked_at is None or not (self._looking and self._looking.is_alive()):
            return timedelta()
        return max(timedelta(), now - self._looked_at)

    def _look(self, now: datetime) -> None:
        try:
            self._as_of = time_of_newest(self._scheduler.repository, now)
            self._look_at_kit(now)
            self._unproven_since = self._look_at_proof(now)
            self._look_at_damage()
            self._look_at_disk()
        except OSError as error:
            _log.warning("The backups cannot be checked: %s.", error.strerror)
        except Exception:
            _log.exception("Checking the backups failed with an unexpected error.")

    def _look_at_damage(self) -> None:
        """Look for damage in the folder; other alerts report a folder that is away."""
        repository = self._scheduler.repository
        with suppress(OSError):
            survey, faults = survey_with_faults(repository, self._scheduler.keys)
            self._unusable_sets = faults.count_unusable(survey.unusable)
            self._faults = faults
        # The note on a copy that is no longer kept never changes again.
        is_copied = self._scheduler.copy is not None
        note = read_copy_note(repository.folder) if is_copied else None
        self._copy_strays = len(note.strays) if note else 0

    def _look_at_disk(self) -> None:
        """Look at the disk of the backups, unless it is also that of the servers' data.

        Then it is watched as the servers' disk.
        """
        repository, log = self._scheduler.repository, self._scheduler.log
        is_theirs = log is not None and repository.is_beside(log.data)
        room = None if is_theirs else repository.room
        self._disk_used = 1 - room[0] / room[1] if room else None

    def _look_at_kit(self, now: datetime) -> None:
        if self._key_files is None:
            return
        # Keys that cannot be read just now have not changed.
        with suppress(OSError):
            repository = self._scheduler.repository
            self._has_kit = read_note(repository.folder) is not None
            self._kit_fault = kits.find_kit_fault(repository, self._key_files, now)

    def _look_at_proof(self, now: datetime) -> datetime | None:
        """Return since when no restore has been proven; None without backups."""
        repository = self._scheduler.repository
        sets, proof = repository.survey().sets, repository.last_proof(now)
        self._has_proof = proof is not None
        if proof is not None:
            return proof.proved_at
        return sets[0].as_of if sets else None

    def _kit_wanting(self, now: datetime) -> timedelta | None:
        """Return for how long no kit has been known to open; None without backups."""
        if self._key_files is None or self._as_of is None:
            return None
        fault = self._kit_fault
        return timedelta() if fault is None else _since(fault.since, now)

    def _tries(self, failure: Failure | None) -> int | None:
        """Return how many failed in a row; None until one succeeded or failed."""
        if failure is not None:
            return failure.tries
        return None if self._as_of is None else 0


def _since(timestamp: datetime | None, now: datetime) -> timedelta | None:
    return None if timestamp is None else max(timedelta(), now - timestamp)
