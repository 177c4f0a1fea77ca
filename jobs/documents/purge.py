"""Purges documents and sweeps files, in steps that may be cut off anywhere.

Whatever is killed in the middle is done by the next run. Two that run at once do each
other no harm: what one has locked the other leaves alone, and what both have removed
counts once.
"""

import logging
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from db.files.gridfs import Bucket, FileStore
from db.postgres import SYSTEM, Database
from jobs.worker.repeating import repeated
from services.documents import retention
from services.documents.integrity import pending_deletions, runs, sweeping
from services.documents.integrity.runs import Job
from services.documents.integrity.sweeping import SweepResult

# Bytes are stored before the row that names them, so a young file may still be
# waiting for its row.
YOUNG = timedelta(hours=1)
# For how long a file without a row is only reported. Whoever puts an older backup of
# the rows back finds the files of later rows still there.
GRACE = timedelta(days=7)
_AT_ONCE = 500
_log = logging.getLogger(__name__)


def purge(database: Database, files: FileStore) -> None:
    """Make tombstones of all documents that are due, and remove their files."""
    purged = sum(repeated(database, retention.purge))
    removed = _remove(database, files)
    counts = {"purged": purged, "removed": removed}
    database.write(
        lambda session: runs.note(session, Job.PURGE, counts), identity=SYSTEM
    )
    _log.info("Purged %d documents and removed %d files.", purged, removed)


def sweep(database: Database, files: FileStore) -> None:
    """Note what has no row, remove what was noted long ago, report what is missing."""
    older_than = datetime.now(UTC) - YOUNG

    def compare(session: Session) -> dict[Bucket, SweepResult]:
        return {
            bucket: sweeping.sweep(session, files, bucket, older_than)
            for bucket in sweeping.SWEPT_BUCKETS
        }

    # On the primary: a replica may not know yet that a file is in use.
    compared = database.read_latest(compare, identity=SYSTEM).value
    database.write(
        lambda session: sweeping.keep(session, compared, GRACE), identity=SYSTEM
    )
    for bucket, swept in compared.items():
        if swept.is_suspicious:
            _log.error("So many files in %s lack a row that none is removed.", bucket)
    removed = _remove(database, files)
    _log.info("Removed %d files that no row named.", removed)


def _remove(database: Database, files: FileStore) -> int:
    """Remove the files that are to go: first the bytes, then the note of them."""
    removed = 0
    while some := database.read_latest(
        lambda session: pending_deletions.list_due(session, _AT_ONCE),
        identity=SYSTEM,
    ).value:
        for deletion in some:
            files.delete(deletion.bucket, deletion.file_id)
        forget = partial(sweeping.forget, removed=some)
        removed += database.write(forget, identity=SYSTEM).value
    return removed
