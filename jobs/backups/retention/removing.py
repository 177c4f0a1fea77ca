"""Removes backups that are older than they are kept, and what only they needed.

Of the many of a day one stays once they are two days old.

A set is removed whole, its name first, so that a kill at any point leaves only remains
that do not count. Files that nothing names any more are removed after the sets that
named them, and so is the log from which no set continues.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from db.backups.backup_errors import SetBroken
from db.backups.file_copies import CopiedFile, list_later_copies, list_set_copies
from db.backups.log.archive import (
    AuditPiece,
    LogArchive,
    LogPiece,
    time_of_entries,
    time_of_purge,
)
from db.backups.log.lost_times import note_times
from db.backups.log.purged_files import list_purged_files
from db.backups.log.segments import number_of
from db.backups.log.windows import LogReach, read_position
from db.backups.manifest import Manifest
from db.backups.notes import Proof
from db.backups.repository import Repository, Survey
from db.files.file_keys import FileKeys, UnusableFileKeys
from db.postgres import Lsn
from jobs.backups.retention.thinning import list_thinned, lists_files_of


@dataclass(frozen=True, slots=True)
class RemovedBackups:
    """The removed sets, and how many files, bytes and objects of the log.

    `missing_files` counts files that a set or the log names and that are gone; None if
    that was not checked.
    """

    set_ids: tuple[str, ...] = ()
    files: int = 0
    file_bytes: int = 0
    log_objects: int = 0
    missing_files: int | None = None


@dataclass(frozen=True, slots=True)
class LogStart:
    """The start of the log that is kept: it leads to the first set that needs log.

    A set that only stays because it was proven leads to its own time: no months of log
    are kept for it. Records of which files were purged since the oldest set are kept as
    long as a set may name them.

    The first set by time need not be the first by its log: a clinic that went back
    continues from an earlier position than the sets that it had made until then.
    """

    segment_number: int
    began_at: datetime
    audit_entries: int
    oldest_began_at: datetime

    @classmethod
    def of(cls, survey: Survey, before: datetime) -> "LogStart | None":
        """Return where the needed log begins; None if that is not known."""
        if survey.newest is None or survey.unusable:
            return None
        going_on = [s for s in survey.sets if s.as_of >= before] or [survey.newest]
        return cls(
            min(number_of(Lsn.parse(each.reached_lsn)) for each in going_on),
            min(each.began_at for each in going_on),
            min(each.audit_entries for each in going_on),
            min(each.began_at for each in survey.sets),
        )

    def is_needless(self, name: str) -> bool:
        """Return whether nothing needs an object with this name any more."""
        if (piece := LogPiece.parse(name)) is not None:
            return piece.segment.number < self.segment_number
        if (at := time_of_entries(name)) is not None:
            return at < self.began_at
        if (at := time_of_purge(name)) is not None:
            return at < self.oldest_began_at
        audit = AuditPiece.parse(name)
        return audit is not None and audit.last <= self.audit_entries


def list_expired(
    survey: Survey, proof: Proof | None, before: datetime
) -> tuple[str, ...]:
    """Return the sets from before a time that nothing else keeps, the oldest first.

    The newest stays however old it is, and so does the last that a restore has proven:
    there is always a way back. The bases of sets that stay, stay with them. A set whose
    manifest cannot be read is dated by its name, and so is one that lacks its base.
    """
    proven = proof.set_id if proof else None
    staying = [
        each
        for each in survey.sets
        if each.as_of >= before or each is survey.newest or each.set_id == proven
    ]
    kept = {base.set_id for each in staying for base in survey.bases_of(each)}
    old = {each.set_id for each in survey.sets} - kept
    unusable = {name for name in survey.unusable if is_before(name, before)}
    return tuple(sorted(old | unusable))


def remove_expired(
    repository: Repository,
    keys: FileKeys,
    before: datetime,
    *,
    is_sweeping: bool,
    now: datetime | None = None,
) -> RemovedBackups:
    """Remove what `list_expired` returns, and the files that no set needs any more.

    With `now` the sets of `list_thinned` go as well: about one each hour, whose files
    other sets name. So files are checked only if a set went for its age, or
    `is_sweeping`. Does nothing while somebody reads a set; raises BackupRunning while
    one is made, and OSError.
    """
    with repository.held(), repository.unread() as is_unread:
        if not is_unread:
            return RemovedBackups()
        survey, proof = repository.survey(), repository.last_proof()
        expired = list_expired(survey, proof, before)
        # The newest first: whatever ends this, no remaining set has lost its base.
        for set_id in reversed(expired):
            repository.remove(set_id)
        repository.forget_known(before)
        archive = LogArchive(repository.folder, repository.system_id or "", keys)
        thinned: tuple[str, ...] = ()
        if now is not None:
            thinned = list_thinned_of(
                repository.survey(),
                archive,
                proof,
                now,
                kept_since=before,
                copies_in=lambda manifest: list_set_copies(repository, manifest, keys),
            )
        for set_id in reversed(thinned):
            repository.remove(set_id)
        pieces = _remove_log(repository, archive, before)
        if now is not None:
            _note_times(repository, archive, before, now)
        removed = RemovedBackups(expired + thinned, log_objects=pieces)
        if expired or is_sweeping:
            return _without_unnamed(removed, repository, archive, keys)
        return removed


def list_thinned_of(
    survey: Survey,
    archive: LogArchive,
    proof: Proof | None,
    now: datetime,
    *,
    kept_since: datetime,
    copies_in: Callable[[Manifest], Iterable[CopiedFile]],
) -> tuple[str, ...]:
    """Return the sets that may go as one of their day stays; `copies_in` reads files.

    There are none if the log, or a set, does not show what it leads to.
    """
    with suppress(SetBroken, UnusableFileKeys, OSError):
        return list_thinned(
            survey,
            LogReach.read(archive, read_position(archive.folder)),
            proof.set_id if proof else None,
            now,
            kept_since=kept_since,
            stands_in=lists_files_of(archive, copies_in),
        )
    return ()


def _remove_log(repository: Repository, archive: LogArchive, before: datetime) -> int:
    """Remove the log that no set continues along; return the number of objects."""
    start = LogStart.of(repository.survey(), before)
    if start is None:
        return 0
    names = [name for name in archive.names() if start.is_needless(name)]
    for name in names:
        archive.remove(name)
    return len(names)


def _note_times(
    repository: Repository, archive: LogArchive, before: datetime, now: datetime
) -> None:
    """Record the times that the remaining backups lead to, to notice losses."""
    sets = repository.survey().sets
    # On a full disk the log is still removed; the next hour records what is there.
    with suppress(SetBroken, UnusableFileKeys, OSError):
        note_times(repository.folder, sets, archive, kept_since=before, now=now)


def _without_unnamed(
    removed: RemovedBackups,
    repository: Repository,
    archive: LogArchive,
    keys: FileKeys,
) -> RemovedBackups:
    """Remove the files that no set names; none if a set does not show its files.

    Files that are named and gone, without having been purged, are counted.
    """
    survey = repository.survey()
    count = size = 0
    if survey.unusable:
        return removed
    missing: int | None = None
    with suppress(SetBroken, OSError):
        named = _named_by_sets(repository, keys)
        archive.folder.mkdir(mode=0o700, exist_ok=True)
        # Meanwhile nobody copies a file whose entry does not name it yet.
        with archive.copying_files():
            named |= _named_by_log(archive)
            lost = named - {each.sha256 for each in list_purged_files(archive)}
            for path in list(repository.stored_files()):
                lost.discard(path.name)
                if path.name not in named:
                    size += path.stat().st_size
                    count += 1
                    path.unlink()
            missing = len(lost)
    return replace(removed, files=count, file_bytes=size, missing_files=missing)


def list_named(repository: Repository, archive: LogArchive, keys: FileKeys) -> set[str]:
    """Return the SHA-256 of each file that a set or the log names; raises SetBroken."""
    return _named_by_sets(repository, keys) | _named_by_log(archive)


def _named_by_sets(repository: Repository, keys: FileKeys) -> set[str]:
    return {
        copy.sha256
        for manifest in repository.survey().sets
        for copy in list_set_copies(repository, manifest, keys)
    }


def _named_by_log(archive: LogArchive) -> set[str]:
    return {copy.sha256 for copy in list_later_copies(archive)}


def is_before(set_id: str, before: datetime) -> bool:
    """Return whether a set was begun before a time, by its name."""
    try:
        return datetime.strptime(f"{set_id[:15]}+0000", "%Y%m%dT%H%M%S%z") < before
    except ValueError:
        return False
