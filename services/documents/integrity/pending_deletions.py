"""Files that are to be deleted: noted first, then due, removed, and forgotten."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Text,
    any_,
    bindparam,
    delete,
    exists,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from db.files.gridfs import Bucket
from db.models.document import DocumentVersion
from db.models.integrity import PendingFileDeletion

_PURGED: Final = "purged"
_UNREFERENCED: Final = "unreferenced"


@dataclass(frozen=True, slots=True)
class PendingDeletion:
    """A file that goes; one that was purged goes from the backups as well."""

    bucket: Bucket
    file_id: str
    is_purged: bool = False


def add_purged(session: Session, bucket: Bucket, file_ids: Collection[str]) -> None:
    """Note the files of what is being purged as due: they go at once."""
    _add(session, bucket, file_ids, _PURGED, func.now())


def note_unreferenced(
    session: Session, bucket: Bucket, file_ids: Collection[str]
) -> Sequence[str]:
    """Note all files that nothing refers to; return those that are new among them.

    What is not among them any more has got a row, and is forgotten.
    """
    session.execute(
        delete(PendingFileDeletion).where(
            PendingFileDeletion.bucket == bucket,
            PendingFileDeletion.due_at.is_(None),
            PendingFileDeletion.file_id.not_in(list(file_ids)),
        )
    )
    return _add(session, bucket, file_ids, _UNREFERENCED, None)


def set_aside(
    session: Session, bucket: Bucket, file_ids: Collection[str], until: datetime
) -> None:
    """Note files that nothing refers to since rows went back in time.

    They count as found only at `until`: so they stay for as long as somebody may want
    them again, and then for the time of grace.
    """
    _add(session, bucket, file_ids, _UNREFERENCED, None, detected_at=until)


def mark_due(session: Session, bucket: Bucket, grace: timedelta) -> None:
    """Let files go that have been noted for as long as `grace`.

    From here on their removal is only a matter of time, whoever dies on the way.
    """
    is_named = exists().where(DocumentVersion.file_id == PendingFileDeletion.file_id)
    session.execute(
        update(PendingFileDeletion)
        .where(
            PendingFileDeletion.bucket == bucket,
            PendingFileDeletion.due_at.is_(None),
            PendingFileDeletion.detected_at <= func.now() - grace,
            ~is_named,
        )
        .values(due_at=func.now())
    )


def forget_unreferenced(session: Session, wanted: Collection[tuple[str, str]]) -> None:
    """Take off the list what only had no row, and files that have one, by bucket."""
    session.execute(
        delete(PendingFileDeletion).where(PendingFileDeletion.because == _UNREFERENCED)
    )
    # What is wanted are all files of a clinic: as pairs in a list, PostgreSQL would
    # nest them, and refuses more than some ten thousand for their depth.
    ids_by_bucket = defaultdict[str, list[str]](list)
    for bucket, file_id in wanted:
        ids_by_bucket[bucket].append(file_id)
    for bucket, file_ids in ids_by_bucket.items():
        session.execute(
            delete(PendingFileDeletion).where(
                PendingFileDeletion.bucket == bucket,
                PendingFileDeletion.file_id
                == any_(bindparam("ids", file_ids, type_=ARRAY(Text))),
            )
        )


def list_due(
    session: Session, limit: int, after: PendingDeletion | None = None
) -> tuple[PendingDeletion, ...]:
    """Return some of the files that are to be removed now, in order of their names."""
    named = tuple_(PendingFileDeletion.bucket, PendingFileDeletion.file_id)
    query = (
        select(
            PendingFileDeletion.bucket,
            PendingFileDeletion.file_id,
            PendingFileDeletion.because == _PURGED,
        )
        .where(PendingFileDeletion.due_at.is_not(None))
        .order_by(PendingFileDeletion.bucket, PendingFileDeletion.file_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(named > (str(after.bucket), after.file_id))
    return tuple(
        PendingDeletion(Bucket(bucket), file_id, is_purged)
        for bucket, file_id, is_purged in session.execute(query)
    )


def forget(session: Session, removed: Sequence[PendingDeletion]) -> Counter[Bucket]:
    """Take removed files off the list; return how many were on it, by bucket.

    Of two workers that removed the same one, only one counts it.
    """
    keys = [(str(deletion.bucket), deletion.file_id) for deletion in removed]
    named = tuple_(PendingFileDeletion.bucket, PendingFileDeletion.file_id)
    gone = session.scalars(
        delete(PendingFileDeletion)
        .where(named.in_(keys))
        .returning(PendingFileDeletion.bucket)
    )
    return Counter(Bucket(bucket) for bucket in gone)


def _add(
    session: Session,
    bucket: Bucket,
    file_ids: Collection[str],
    because: str,
    due_at: ColumnElement[datetime] | None,
    *,
    detected_at: datetime | None = None,
) -> Sequence[str]:
    if not file_ids:
        return ()
    rows = [
        {
            "bucket": str(bucket),
            "file_id": file_id,
            "because": because,
            "doomed_at": due_at,
            "found_at": detected_at or func.now(),
        }
        # In one order, so that two workers do not wait for each other.
        for file_id in sorted(file_ids)
    ]
    statement = insert(PendingFileDeletion).values(rows).on_conflict_do_nothing()
    return session.scalars(statement.returning(PendingFileDeletion.file_id)).all()
