"""Files that are to be deleted: noted first, then doomed, removed, and forgotten."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, exists, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.files.gridfs import Bucket
from db.models.document import DocumentVersion
from db.models.integrity import DoomedFile

_PURGED: Final = "purged"
_UNREFERENCED: Final = "unreferenced"


@dataclass(frozen=True, slots=True)
class PendingDeletion:
    """A file that goes."""

    bucket: Bucket
    file_id: str


def add_purged(session: Session, bucket: Bucket, file_ids: Collection[str]) -> None:
    """Doom the files of what is being purged: they go at once."""
    _add(session, bucket, file_ids, _PURGED, func.now())


def note_unreferenced(
    session: Session, bucket: Bucket, file_ids: Collection[str]
) -> int:
    """Note all files that nothing refers to; return how many are new among them.

    What is not among them any more has got a row, and is forgotten.
    """
    session.execute(
        delete(DoomedFile).where(
            DoomedFile.bucket == bucket,
            DoomedFile.doomed_at.is_(None),
            DoomedFile.file_id.not_in(list(file_ids)),
        )
    )
    return _add(session, bucket, file_ids, _UNREFERENCED, None)


def doom(session: Session, bucket: Bucket, grace: timedelta) -> None:
    """Let files go that have been noted for as long as `grace`.

    From here on their removal is only a matter of time, whoever dies on the way.
    """
    is_named = exists().where(DocumentVersion.file_id == DoomedFile.file_id)
    session.execute(
        update(DoomedFile)
        .where(
            DoomedFile.bucket == bucket,
            DoomedFile.doomed_at.is_(None),
            DoomedFile.found_at <= func.now() - grace,
            ~is_named,
        )
        .values(doomed_at=func.now())
    )


def list_doomed(session: Session, limit: int) -> tuple[PendingDeletion, ...]:
    """Return some of the files that are to be removed now."""
    rows = session.execute(
        select(DoomedFile.bucket, DoomedFile.file_id)
        .where(DoomedFile.doomed_at.is_not(None))
        .order_by(DoomedFile.doomed_at)
        .limit(limit)
    )
    return tuple(PendingDeletion(Bucket(bucket), file_id) for bucket, file_id in rows)


def forget(session: Session, removed: Sequence[PendingDeletion]) -> Counter[Bucket]:
    """Take removed files off the list; return how many were on it, by bucket.

    Of two workers that removed the same one, only one counts it.
    """
    keys = [(str(deletion.bucket), deletion.file_id) for deletion in removed]
    named = tuple_(DoomedFile.bucket, DoomedFile.file_id)
    gone = session.scalars(
        delete(DoomedFile).where(named.in_(keys)).returning(DoomedFile.bucket)
    )
    return Counter(Bucket(bucket) for bucket in gone)


def _add(
    session: Session,
    bucket: Bucket,
    file_ids: Collection[str],
    because: str,
    doomed_at: ColumnElement[datetime] | None,
) -> int:
    if not file_ids:
        return 0
    rows = [
        {
            "bucket": str(bucket),
            "file_id": file_id,
            "because": because,
            "doomed_at": doomed_at,
        }
        # In one order, so that two workers do not wait for each other.
        for file_id in sorted(file_ids)
    ]
    statement = insert(DoomedFile).values(rows).on_conflict_do_nothing()
    return len(session.scalars(statement.returning(DoomedFile.file_id)).all())
