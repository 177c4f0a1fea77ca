"""Files that are to be deleted: noted first, removed later, forgotten at last."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, exists, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.gridfs import Bucket
from db.models import DocumentVersion, DoomedFile

_PURGED: Final = "purged"
_UNREFERENCED: Final = "unreferenced"


@dataclass(frozen=True, slots=True)
class Doomed:
    """A file whose time has come."""

    bucket: Bucket
    file_id: str


def add_purged(session: Session, bucket: Bucket, file_ids: Collection[str]) -> None:
    """Note the files of what is being purged: they go at once."""
    _add(session, bucket, file_ids, _PURGED, timedelta())


def note_unreferenced(
    session: Session, bucket: Bucket, file_ids: Collection[str], grace: timedelta
) -> int:
    """Note all files that nothing refers to; return how many are new among them.

    What is not among them any more has got a row or is gone, and is forgotten. What
    stays noted for as long as `grace` is removed.
    """
    session.execute(
        delete(DoomedFile).where(
            DoomedFile.bucket == bucket,
            DoomedFile.because == _UNREFERENCED,
            DoomedFile.file_id.not_in(list(file_ids)),
        )
    )
    return _add(session, bucket, file_ids, _UNREFERENCED, grace)


def list_due(
    session: Session, limit: int, *, sparing: Collection[Bucket] = tuple(Bucket)
) -> tuple[Doomed, ...]:
    """Return files that are to be removed now.

    In the buckets of `sparing` only what was purged. Never one that a version names.
    """
    is_named = exists().where(
        DoomedFile.bucket == Bucket.DOCUMENTS,
        DocumentVersion.file_id == DoomedFile.file_id,
    )
    rows = session.execute(
        select(DoomedFile.bucket, DoomedFile.file_id)
        .where(
            DoomedFile.remove_after <= func.now(),
            or_(
                DoomedFile.because == _PURGED,
                DoomedFile.bucket.not_in([str(one) for one in sparing]),
            ),
            ~is_named,
        )
        .order_by(DoomedFile.remove_after)
        .limit(limit)
    )
    return tuple(Doomed(Bucket(bucket), file_id) for bucket, file_id in rows)


def forget(session: Session, removed: Sequence[Doomed]) -> Counter[Bucket]:
    """Take removed files off the list; return how many were on it, by bucket.

    Of two workers that removed the same one, only one counts it.
    """
    keys = [(str(one.bucket), one.file_id) for one in removed]
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
    grace: timedelta,
) -> int:
    if not file_ids:
        return 0
    rows = [
        {
            "bucket": str(bucket),
            "file_id": file_id,
            "because": because,
            "remove_after": func.now() + grace,
        }
        # In one order, so that two workers do not wait for each other.
        for file_id in sorted(file_ids)
    ]
    statement = insert(DoomedFile).values(rows).on_conflict_do_nothing()
    return len(session.scalars(statement.returning(DoomedFile.file_id)).all())
