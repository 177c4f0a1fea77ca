"""What the repository of backups holds, and the record of what was done with it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from db.backups.manifest import Manifest
from db.backups.notes import Failure, Proof
from db.backups.repository import Repository
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action

_TO_TELL_A_RATE: Final = 2


@dataclass(frozen=True, slots=True)
class BackupState:
    """The repository at a glance; `failure` is why the last backup came to nothing.

    `is_beside` tells that the backups are lost with the disk of what they are of.
    """

    folder: Path
    sets: tuple[Manifest, ...]
    unreadable: tuple[str, ...]
    is_busy: bool
    is_beside: bool
    failure: Failure | None
    proof: Proof | None
    free_bytes: int | None = None

    @property
    def newest(self) -> Manifest | None:
        """The newest backup."""
        return self.sets[-1] if self.sets else None

    @property
    def is_newest_proven(self) -> bool:
        """Whether the last proven restore was that of the newest backup."""
        newest = self.newest
        return bool(newest and self.proof and self.proof.set_id == newest.set_id)


def read_state(actor: Actor, repository: Repository, data: Path) -> BackupState:
    """Return what backups there are; `data` is the folder of what they are of."""
    actor.require(Permission.VIEW_REPLICATION)
    survey = repository.survey()
    return BackupState(
        repository.folder,
        survey.sets,
        survey.unreadable,
        repository.is_busy,
        repository.is_beside(data),
        repository.last_failure(),
        repository.last_proof(),
        repository.free_bytes,
    )


def forecast_bytes(state: BackupState, every: timedelta, kept: timedelta) -> int | None:
    """Return how much more the repository will take once it holds all it is to keep.

    So many sets as the newest are still to come, and files at the rate of the time
    that the sets span. None while there are not two sets to tell a rate from.
    """
    if len(state.sets) < _TO_TELL_A_RATE:
        return None
    oldest, newest = state.sets[0], state.sets[-1]
    to_come = max(0, math.ceil(kept / every) - len(state.sets))
    intervals = max((newest.as_of - oldest.as_of) / every, 1.0)
    files_each_time = max(0, newest.file_bytes - oldest.file_bytes) / intervals
    return round(to_come * (newest.sealed_bytes + files_each_time))


def time_of_newest(repository: Repository) -> datetime | None:
    """Return what time the newest backup leads to; None where there never was one."""
    newest = repository.survey().newest
    return newest.as_of if newest else None


def record_taken(session: Session, actor: Actor, manifest: Manifest) -> None:
    """Record that all rows and files were copied, and into which set."""
    actor.require(Permission.ACT_ON_CLUSTER)
    audit.record(
        session,
        actor,
        Action.BACKUP_TAKE,
        details={
            "set": manifest.set_id,
            "files": manifest.files,
            "lsn": manifest.reached_lsn,
        },
    )


def record_proven(session: Session, actor: Actor, proof: Proof) -> None:
    """Record that a set was restored into a sandbox and everything in it read."""
    actor.require(Permission.ACT_ON_CLUSTER)
    audit.record(
        session,
        actor,
        Action.BACKUP_PROVE,
        details={
            "set": proof.set_id,
            "rows": proof.rows,
            "files": proof.files,
            "compared": proof.is_compared,
        },
    )


def record_removed(
    session: Session, actor: Actor, set_ids: Sequence[str], file_count: int
) -> None:
    """Record that backups were removed, and files that only they had."""
    actor.require(Permission.ACT_ON_CLUSTER)
    audit.record(
        session,
        actor,
        Action.BACKUP_REMOVE,
        details={"sets": list(set_ids), "files": file_count},
    )
