"""Pending deletions of files: noted first, then due, removed, and forgotten."""

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
    """A file to delete; one that was purged is removed from the backups as well."""

    bucket: Bucket
    file_id: str
    is_purged: bool = False


def add_purged(session: Session, bucket: Bucket, file_ids: Collection[str]) -> None:
    """Note the files of what is being purged as due at once."""
    _add(session, bucket, file_ids, _PURGED, func.now())


def note_unreferenced(
    session: Session, bucket: Bucket, file_ids: Collection[str]
) -> Sequence[str]:
    """Note all files that no row names; return those that are new among them.

    Files noted earlier that are not among them now have a row, and are forgotten.
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
    """Note files that no row names since the clinic went back in time.

    They count as noted only from `until` on: they stay for as long as somebody may want
    them again, and then for the grace period.
    """
    _add(session, bucket, file_ids, _UNREFERENCED, None, detected_at=until)


def mark_due(session: Session, bucket: Bucket, grace: timedelta) -> None:
    """Mark files as due that have been noted for as long as `grace`.

    From here on their removal is certain, whichever process dies meanwhile.
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
    """Forget files that only had no row, and those that have one, by bucket."""
    session.execute(
        delete(PendingFileDeletion).where(PendingFileDeletion.because == _UNREFERENCED)
    )
    # `wanted` has all files of a clinic: PostgreSQL would nest a list of pairs, and
    # refuses more than some ten thousand because of the depth.
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
    """Return at most `limit` files that are due, ordered by bucket and id."""
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
    """Forget removed files; return how many were still noted, by bucket.

    If two workers removed the same file, only one of them counts it.
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
        # In a fixed order, so that two workers cannot deadlock.
        for file_id in sorted(file_ids)
    ]
    statement = insert(PendingFileDeletion).values(rows).on_conflict_do_nothing()
    return session.scalars(statement.returning(PendingFileDeletion.file_id)).all()
