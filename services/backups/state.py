"""What the repository of backups holds, and the record of what was done with it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from db.backups.backup_errors import SetBroken
from db.backups.copies.copy_notes import CopyNote, read_copy_note
from db.backups.log.archive import LogArchive
from db.backups.log.windows import BackupWindow, find_windows, read_position
from db.backups.manifest import Manifest
from db.backups.notes import Failure, LogPosition, Proof, TimeLeft
from db.backups.replaced_data import DataBefore, list_before
from db.backups.repository import Repository, Survey
from db.backups.storage.storage_notes import StorageSample, read_storage
from db.backups.strays import RepositoryFaults, survey_with_faults
from db.files.file_keys import FileKeys, UnusableFileKeys
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import InvalidInput

# For this long all backups are kept; of older ones, one a day.
ALL_KEPT_FOR: Final = timedelta(days=2)
_DAY: Final = timedelta(days=1)
_TO_TELL_A_RATE: Final = 2


@dataclass(frozen=True, slots=True)
class LogState:
    """The times that one can go back to, the oldest first; `failure` is what is wrong.

    A window that ends before the next one begins was ended by a gap in the log.
    `times_left` are the spans that the clinic went back over.
    """

    windows: tuple[BackupWindow, ...] = ()
    position: LogPosition | None = None
    failure: str = ""
    times_left: tuple[TimeLeft, ...] = ()

    @property
    def window(self) -> BackupWindow | None:
        """The newest window that has any log."""
        return next((each for each in reversed(self.windows) if each.has_log), None)

    def require_way_to(self, to: datetime) -> None:
        """Raise InvalidInput for a time that no backup leads to."""
        if not any(to in window for window in self.windows):
            raise InvalidInput(
                "as_of",
                "No backup leads to this time: choose one of the times above.",
            )


@dataclass(frozen=True, slots=True)
class BackupState:
    """The repository at a glance; `failure` is why the last backup failed.

    `is_beside` says that the backups are on the disk of what they back up, and are lost
    with it. `before` is what the servers had before the clinic went back, as long as it
    is kept, and `copy` the state of the copy elsewhere, if one was begun. `read_at` is
    the time of all this: anything dated later was made with a clock that was ahead.
    `orphans` are incremental backups that lack what they are based on, and `faults` is
    what else is wrong in the folder. A folder that has not answered since
    `silent_since` is shown as it was when it last did. `storage` is what backups took,
    the oldest first.
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
    orphans: tuple[Manifest, ...] = ()
    faults: RepositoryFaults = field(default_factory=RepositoryFaults)
    read_at: datetime | None = None
    silent_since: datetime | None = None
    storage: tuple[StorageSample, ...] = ()

    @classmethod
    def unknown(cls, folder: Path) -> "BackupState":
        """Return the state of a folder that has never answered: nothing is known."""
        return cls(folder, (), (), False, False, None, None)

    @property
    def is_known(self) -> bool:
        """Whether the folder has ever answered."""
        return self.silent_since is None or self.read_at is not None

    @property
    def chain(self) -> tuple[Manifest, ...]:
        """What the newest backup is restored from: a full one first, itself last."""
        if (newest := self.newest) is None:
            return ()
        return tuple(Survey(self.sets, ()).bases_of(newest))[::-1]

    @property
    def unusable_sets(self) -> int:
        """How many backups cannot be restored, for any visible reason."""
        orphans = (each.set_id for each in self.orphans)
        return self.faults.count_unusable((*self.unreadable, *orphans))

    @property
    def newest(self) -> Manifest | None:
        """The newest backup."""
        if self.read_at is None:
            return self.sets[-1] if self.sets else None
        return Survey(self.sets, ()).newest_by(self.read_at)

    @property
    def is_newest_proven(self) -> bool:
        """Whether the last proven restore was of the newest backup."""
        newest = self.newest
        return bool(newest and self.proof and self.proof.set_id == newest.set_id)


def read_state(
    actor: Actor, repository: Repository, data: Path, keys: FileKeys
) -> BackupState:
    """Return the backups that exist; `data` is the folder that is backed up."""
    actor.require(Permission.VIEW_REPLICATION)
    now = datetime.now(UTC)
    survey, faults = survey_with_faults(repository, keys)
    return BackupState(
        repository.folder,
        survey.sets,
        survey.unreadable,
        repository.is_busy,
        repository.is_beside(data),
        repository.last_failure(),
        repository.last_proof(now),
        repository.free_bytes,
        _read_log(repository, survey.sets, keys),
        tuple(list_before(data)),
        read_copy_note(repository.folder),
        survey.orphans,
        faults,
        now,
        storage=read_storage(repository.folder),
    )


def _read_log(
    repository: Repository, sets: Sequence[Manifest], keys: FileKeys
) -> LogState:
    archive = LogArchive(repository.folder, repository.system_id or "", keys)
    position, left = read_position(archive.folder), archive.times_left()
    try:
        windows = find_windows(sets, archive, position)
    except (SetBroken, UnusableFileKeys) as error:
        return LogState((), position, str(error), left)
    return LogState(windows, position, position.failure if position else "", left)


def forecast_bytes(
    state: BackupState,
    every: timedelta,
    kept: timedelta,
    full_every: timedelta | None = None,
) -> int | None:
    """Return how much more the repository will take once it holds all it is to keep.

    Full backups to come are taken to be as large as the newest, incremental ones as
    large as their average; files grow at the rate of the span that the sets cover. Of
    backups older than two days, one a day is kept. None with fewer than two sets, as
    there is no rate then.
    """
    if len(state.sets) < _TO_TELL_A_RATE:
        return None
    oldest, newest = state.sets[0], state.sets[-1]
    full = [each.sealed_bytes for each in state.sets if each.is_full]
    incremental = [each.sealed_bytes for each in state.sets if not each.is_full]
    # The last ones are kept for as long as the incremental ones that need them.
    most = kept / every if full_every is None else (kept + full_every) / full_every
    full_to_come = max(0, math.ceil(most) - len(full))
    lately = min(kept, ALL_KEPT_FOR)
    sets_kept = lately / every + (kept - lately) / max(every, _DAY)
    to_come = max(0, math.ceil(sets_kept) - len(state.sets))
    changes_to_come = max(0, to_come - full_to_come) if full_every else 0
    span = max(newest.as_of - oldest.as_of, every)
    new_file_bytes = max(0, newest.file_bytes - oldest.file_bytes)
    return round(
        full_to_come * full[-1]
        + changes_to_come * sum(incremental or full) / len(incremental or full)
        + max(timedelta(), kept - span) / span * new_file_bytes
    )


@dataclass(frozen=True, slots=True)
class NextBackups:
    """When the next backups are planned; no incremental one if the next is full."""

    incremental_at: datetime | None
    full_at: datetime


def next_backups(
    state: BackupState, every: timedelta, full_every: timedelta | None
) -> NextBackups | None:
    """Return when the next backups are planned; None if there never was one."""
    if not state.chain:
        return None
    next_at = state.chain[-1].began_at + every
    full_at = state.chain[0].began_at + (full_every or timedelta())
    names = (*state.unreadable, *(each.set_id for each in state.orphans))
    is_blocked = any(name > state.chain[-1].set_id for name in names)
    if full_at <= next_at or is_blocked:
        return NextBackups(None, next_at)
    waits = math.ceil((full_at - next_at) / every)
    return NextBackups(next_at, next_at + waits * every)


def time_of_newest(repository: Repository, now: datetime) -> datetime | None:
    """Return the time that the newest backup leads to; None if there never was one.

    A backup that a clock ahead of time has dated later than now does not count.
    """
    newest = repository.survey().newest_by(now)
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
    """Record that a set was restored into a sandbox and everything in it was read."""
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
    """Record that backups were removed, with the files that only they had."""
    actor.require(Permission.ACT_ON_CLUSTER)
    audit.record(
        session,
        actor,
        Action.BACKUP_REMOVE,
        details={"sets": list(set_ids), "files": file_count},
    )
