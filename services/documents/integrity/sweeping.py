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
    count_named,
    get_again,
    list_by_id,
    list_unnamed,
    list_versions,
    named_among,
    versions,
)
from services.documents.integrity.pending_deletions import PendingDeletion
from services.documents.integrity.runs import Job

# So many files without rows are no leftovers of crashes: rather the rows are those of
# another day, as after a restore, or of another clinic.
_SUSPICIOUS_SHARE: Final = 0.1
_FEW: Final = 100
_AT_ONCE: Final = 1000
# How many are named in a report; how many there are is always told.
_MOST_NAMED: Final = 50

SWEPT_BUCKETS: Final = (Bucket.DOCUMENTS, *BY_ID)


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What was found in one bucket: files without rows, rows without files."""

    named: int
    unreferenced: tuple[str, ...]
    missing: tuple[FileReference, ...]

    @property
    def is_suspicious(self) -> bool:
        """Whether so much is without rows that nothing must be removed."""
        most = max(_FEW, self.named * _SUSPICIOUS_SHARE)
        return len(self.unreferenced) > most

    @property
    def missing_words(self) -> list[str]:
        """Some of what is missing, as reports call it."""
        return [reference.words for reference in self.missing[:_MOST_NAMED]]

    def as_details(self) -> dict[str, object]:
        """Return what is kept of the sweep for administrators, without a name."""
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
    """Look through a bucket and the rows that name its files; change nothing.

    Ask the primary. Files younger than a moment may still be waiting for their row.
    """
    return SweepResult(
        count_named(session, bucket),
        tuple(_unreferenced(session, files, bucket, older_than)),
        tuple(_missing(session, files, bucket)),
    )


def keep(
    session: Session,
    files: FileStore,
    results: Mapping[Bucket, SweepResult],
    grace: timedelta,
) -> None:
    """Note what a sweep found, and write down what is new; the caller commits.

    Files without a row go once they have been noted for as long as `grace`. One that
    another worker has removed since the sweep is not noted again.
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
    """Take removed files off the list, and write down how many; the caller commits."""
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
    """Note files that nothing refers to; return how many are new and still there.

    Whoever removes one deletes its bytes first and its note in the end. So what is
    there after the note was made is forgotten, and counted, by nobody but who finds
    this note; and of what has gone before nobody is to find one.
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
    yield from list_unnamed(session, files, bucket, older_than)
    # What a crash left unfinished, unless a row says that it was whole once: then only
    # its entry is lost, and what is left of it may help to bring it back.
    fragments = tuple(files.list_fragments(bucket, older_than))
    if fragments:
        named = named_among(session, bucket, fragments)
        yield from (file_id for file_id in fragments if file_id not in named)


def _missing(
    session: Session, files: FileStore, bucket: Bucket
) -> Iterator[FileReference]:
    after: UUID | None = None
    while rows := _list_named(session, bucket, after):
        wanted = set(chain.from_iterable(reference.file_ids for reference in rows))
        there = files.existing(bucket, wanted)
        lacking = [
            reference for reference in rows if not there.issuperset(reference.file_ids)
        ]
        # A photo may have been replaced, or a document purged, since the row was read.
        yield from get_again(session, lacking) if lacking else ()
        after = rows[-1].id


def _list_named(
    session: Session, bucket: Bucket, after: UUID | None
) -> Sequence[FileReference]:
    if bucket in BY_ID:
        return list_by_id(session, after, _AT_ONCE, buckets=(bucket,))
    wanted = versions().order_by(DocumentVersion.id).limit(_AT_ONCE)
    if after is not None:
        wanted = wanted.where(DocumentVersion.id > after)
    return list_versions(session, wanted)
