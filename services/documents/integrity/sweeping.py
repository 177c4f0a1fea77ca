"""The sweep: files without a row, and rows without a file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from db.files.gridfs import Bucket, FileStore
from db.models.document import DocumentVersion
from services.core import audit
from services.core.actors import KEEPER
from services.core.audit import Action
from services.documents.integrity import pending_deletions, runs
from services.documents.integrity.file_references import (
    BY_ID,
    FileReference,
    count_references,
    list_by_id,
    list_unreferenced,
    list_versions,
    referenced_among,
    reread,
    versions,
)
from services.documents.integrity.pending_deletions import PendingDeletion
from services.documents.integrity.runs import Job

# This many files without rows are not left over from crashes: rather the rows are those
# of another day, as after a restore, or of another clinic.
_SUSPICIOUS_SHARE: Final = 0.1
_FEW: Final = 100
_AT_ONCE: Final = 1000
# How many a report names; it always has the total.
_MOST_NAMED: Final = 50

SWEPT_BUCKETS: Final = (Bucket.DOCUMENTS, *BY_ID)


@dataclass(frozen=True, slots=True)
class SweepResult:
    """The result of sweeping one bucket: files without rows, rows without files."""

    named: int
    unreferenced: tuple[str, ...]
    missing: tuple[FileReference, ...]

    @property
    def is_suspicious(self) -> bool:
        """Whether so many files have no row that none may be removed."""
        most = max(_FEW, self.named * _SUSPICIOUS_SHARE)
        return len(self.unreferenced) > most

    @property
    def missing_words(self) -> list[str]:
        """Rows without files as reports name them, up to a limit."""
        return [reference.words for reference in self.missing[:_MOST_NAMED]]

    def as_details(self) -> dict[str, object]:
        """Return what is kept of the sweep for administrators, without names."""
        return {
            "named": self.named,
            "unreferenced": len(self.unreferenced),
            "missing": len(self.missing),
            "missing_rows": self.missing_words,
            "held_back": self.is_suspicious,
        }


def sweep(
    session: Session, files: FileStore, bucket: Bucket, older_than: datetime
) -> SweepResult:
    """Compare a bucket with the rows that name its files; change nothing.

    Ask the primary. Files newer than `older_than` may still be waiting for their row.
    """
    return SweepResult(
        count_references(session, bucket),
        tuple(_unreferenced(session, files, bucket, older_than)),
        tuple(_missing(session, files, bucket)),
    )


def keep(
    session: Session,
    files: FileStore,
    results: Mapping[Bucket, SweepResult],
    grace: timedelta,
) -> None:
    """Note what a sweep found, and record what is new; the caller commits.

    Files without a row are removed once they have been noted for as long as `grace`. A
    file that another worker has removed since the sweep is not noted again.
    """
    before = runs.find_run(session, Job.SWEEP)
    known = before.results if before else {}
    for bucket, swept in results.items():
        new = _note(session, files, bucket, swept.unreferenced)
        if not swept.is_suspicious:
            pending_deletions.mark_due(session, bucket, grace)
        missing_before = known.get(bucket, {}).get("missing_rows", [])
        if new or swept.missing_words != missing_before:
            _record(
                session,
                bucket,
                {"found": new, "missing": "; ".join(swept.missing_words) or "none"},
            )
    runs.note(
        session,
        Job.SWEEP,
        {str(key): swept.as_details() for key, swept in results.items()},
    )


def forget(session: Session, removed: Sequence[PendingDeletion]) -> int:
    """Forget removed files, and record how many; the caller commits."""
    counted = pending_deletions.forget(session, removed)
    for bucket, count in counted.items():
        _record(session, bucket, {"removed": count})
    return counted.total()


def _record(session: Session, bucket: Bucket, details: Mapping[str, object]) -> None:
    subject = ("bucket", bucket)
    audit.record(session, KEEPER, Action.FILE_SWEEP, subject=subject, details=details)


def _note(
    session: Session, files: FileStore, bucket: Bucket, file_ids: Sequence[str]
) -> int:
    """Note files that no row names; return how many are new and still in the store.

    A removal deletes the bytes of a file first and its note last. So a file that is
    still there after the note was made can only be removed and counted by way of this
    note; and if it had gone before, the note is deleted so that nobody finds it.
    """
    new = pending_deletions.note_unreferenced(session, bucket, file_ids)
    number = 0
    for start in range(0, len(new), _AT_ONCE):
        some = new[start : start + _AT_ONCE]
        left = files.list_left(bucket, some)
        number += len(left)
        if gone := [PendingDeletion(bucket, each) for each in some if each not in left]:
            pending_deletions.forget(session, gone)
    return number


def _unreferenced(
    session: Session, files: FileStore, bucket: Bucket, older_than: datetime
) -> Iterator[str]:
    yield from list_unreferenced(session, files, bucket, older_than)
    # Left unfinished by a crash, unless a row names it: then the file was whole once,
    # only its entry is lost, and the fragments may help to recover it.
    fragments = tuple(files.list_fragments(bucket, older_than))
    if fragments:
        named = referenced_among(session, bucket, fragments)
        yield from (file_id for file_id in fragments if file_id not in named)


def _missing(
    session: Session, files: FileStore, bucket: Bucket
) -> Iterator[FileReference]:
    after: UUID | None = None
    while rows := _list_references(session, bucket, after):
        wanted = set(chain.from_iterable(reference.file_ids for reference in rows))
        there = files.existing(bucket, wanted)
        lacking = [
            reference for reference in rows if not there.issuperset(reference.file_ids)
        ]
        # A photo may have been replaced, or a document purged, since the row was read.
        yield from reread(session, lacking) if lacking else ()
        after = rows[-1].id


def _list_references(
    session: Session, bucket: Bucket, after: UUID | None
) -> Sequence[FileReference]:
    if bucket in BY_ID:
        return list_by_id(session, after, _AT_ONCE, buckets=(bucket,))
    wanted = versions().order_by(DocumentVersion.id).limit(_AT_ONCE)
    if after is not None:
        wanted = wanted.where(DocumentVersion.id > after)
    return list_versions(session, wanted)
