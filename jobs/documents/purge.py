"""Purges documents and sweeps files, in steps that may be interrupted anywhere.

Whatever is killed midway is finished by the next run. Two concurrent runs do each other
no harm: what one has locked the other leaves alone, and what both have removed counts
once.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from db.files.gridfs import Bucket, FileStore
from db.postgres import SYSTEM, Database
from jobs.backups.erasing.purged_bytes import BackupErasure
from jobs.worker.repeating import repeated
from services.documents import retention
from services.documents.integrity import pending_deletions, runs, sweeping
from services.documents.integrity.pending_deletions import PendingDeletion
from services.documents.integrity.runs import Job
from services.documents.integrity.sweeping import SweepResult

# Bytes are stored before the row that names them, so a young file may still be waiting
# for its row.
YOUNG = timedelta(hours=1)
# For how long a file without a row is only reported. Whoever restores an older backup
# of the rows still finds the files of later rows.
GRACE = timedelta(days=7)
_AT_ONCE = 500
_log = logging.getLogger(__name__)


def purge(
    database: Database, files: FileStore, backups: BackupErasure | None = None
) -> None:
    """Make tombstones of all documents that are due, and remove their files.

    `backups` destroys them there as well; those that it cannot reach stay listed.
    """
    purged = sum(repeated(database, retention.purge))
    removed, held = _remove(database, files, backups)
    counts = {"purged": purged, "removed": removed}
    if held:
        counts["in_backups"] = held
    database.write(
        lambda session: runs.note(session, Job.PURGE, counts), identity=SYSTEM
    )
    _log.info("Purged %d documents and removed %d files.", purged, removed)


def sweep(
    database: Database, files: FileStore, backups: BackupErasure | None = None
) -> None:
    """Record files without a row, remove long recorded ones, report missing ones."""
    older_than = datetime.now(UTC) - YOUNG

    def compare(session: Session) -> dict[Bucket, SweepResult]:
        return {
            bucket: sweeping.sweep(session, files, bucket, older_than)
            for bucket in sweeping.SWEPT_BUCKETS
        }

    # On the primary: a replica may not know yet that a file is in use.
    compared = database.read_latest(compare, identity=SYSTEM).value
    database.write(
        lambda session: sweeping.keep(session, files, compared, GRACE), identity=SYSTEM
    )
    for bucket, swept in compared.items():
        if swept.is_suspicious:
            _log.error("Too many files in %s have no row: none is removed.", bucket)
    removed, _ = _remove(database, files, backups)
    _log.info("Removed %d files that had no row.", removed)


def _remove(
    database: Database, files: FileStore, backups: BackupErasure | None
) -> tuple[int, int]:
    """Remove the pending files: first the bytes, then their record.

    Returns how many were removed, and how many are still in the backups.
    """
    removed = held = 0
    last: PendingDeletion | None = None
    while some := database.read_latest(
        partial(pending_deletions.list_due, limit=_AT_ONCE, after=last),
        identity=SYSTEM,
    ).value:
        for deletion in some:
            files.delete(deletion.bucket, deletion.file_id)
        gone = _without_backup_copies(some, backups)
        forget = partial(sweeping.forget, removed=gone)
        removed += database.write(forget, identity=SYSTEM).value
        held += len(some) - len(gone)
        last = some[-1]
    return removed, held


def _without_backup_copies(
    some: Sequence[PendingDeletion], backups: BackupErasure | None
) -> Sequence[PendingDeletion]:
    """Return those of some removed files that no backup has to destroy any more."""
    purged = [(str(each.bucket), each.file_id) for each in some if each.is_purged]
    if backups is None or not purged or backups.try_to_erase(purged):
        return some
    return [each for each in some if not each.is_purged]
