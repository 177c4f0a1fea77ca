"""What the repository of backups holds, and the record of what was done with it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from db.backups.backup_errors import SetBroken
from db.backups.copies.copy_notes import CopyNote, read_copy_note
from db.backups.log.archive import LogArchive
from db.backups.log.windows import BackupWindow, find_windows, read_position
from db.backups.manifest import Manifest
from db.backups.notes import Failure, LogPosition, Proof
from db.backups.replaced_data import DataBefore, list_before
from db.backups.repository import Repository
from db.files.file_keys import FileKeys, UnusableFileKeys
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action

_TO_TELL_A_RATE: Final = 2


@dataclass(frozen=True, slots=True)
class LogState:
    """The times that one can go back to, the oldest first; `failure` is what is wrong.

    A window that ends before the next begins was ended by a gap in the log.
    """

    windows: tuple[BackupWindow, ...] = ()
    position: LogPosition | None = None
    failure: str = ""

    @property
    def window(self) -> BackupWindow | None:
        """The newest window with any log."""
        return next((each for each in reversed(self.windows) if each.has_log), None)


@dataclass(frozen=True, slots=True)
class BackupState:
    """The repository at a glance; `failure` is why the last backup came to nothing.

    `is_beside` tells that the backups are lost with the disk of what they are of.
    `before` is what the servers had before the clinic went back, as long as it is kept,
    and `copy` how the copy elsewhere stands, if one was begun.
    """

    folder: Path
    sets: tuple[Manifest, ...]
    unreadable: tuple[str, ...]
    is_busy: bool
    is_beside: bool
    failure: Failure | None
    proof: Proof | None
    free_bytes: int | None = None
    log: LogState = field(default_factory=LogState)
    before: tuple[DataBefore, ...] = ()
    copy: CopyNote | None = None

    @property
    def newest(self) -> Manifest | None:
        """The newest backup."""
        return self.sets[-1] if self.sets else None

    @property
    def is_newest_proven(self) -> bool:
        """Whether the last proven restore was that of the newest backup."""
        newest = self.newest
        return bool(newest and self.proof and self.proof.set_id == newest.set_id)


def read_state(
    actor: Actor, repository: Repository, data: Path, keys: FileKeys
) -> BackupState:
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
        _read_log(repository, survey.sets, keys),
        tuple(list_before(data)),
        read_copy_note(repository.folder),
    )


def _read_log(
    repository: Repository, sets: Sequence[Manifest], keys: FileKeys
) -> LogState:
    archive = LogArchive(repository.folder, repository.system_id or "", keys)
    position = read_position(archive.folder)
    try:
        windows = find_windows(sets, archive, position)
    except (SetBroken, UnusableFileKeys) as error:
        return LogState((), position, str(error))
    return LogState(windows, position, position.failure if position else "")


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
            "as_of": proof.as_of.isoformat(),
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
