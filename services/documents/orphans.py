"""What the two stores do not agree on: bytes without a row, rows without bytes."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Final, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.gridfs import Bucket, FileStore
from db.models import DocumentVersion
from services.documents.records import VersionRecord
from services.documents.rows import VERSION_COLUMNS, version_of

T = TypeVar("T")
# Few enough for one question, many enough to have few questions.
_AT_ONCE: Final = 1000


def list_unreferenced(
    session: Session, files: FileStore, older_than: datetime
) -> Iterator[str]:
    """Yield the files that no version names, among those old enough to have got one.

    Ask the primary: a replica may not know the newest rows.
    """
    stored = files.list_older_than(Bucket.DOCUMENTS, older_than)
    for file_ids in _batches(stored):
        named = select(DocumentVersion.file_id).where(
            DocumentVersion.file_id.in_(file_ids)
        )
        referenced = set(session.scalars(named))
        yield from (one for one in file_ids if one not in referenced)


def list_missing(session: Session, files: FileStore) -> Iterator[VersionRecord]:
    """Yield the versions whose bytes are not in the store.

    Ask the primary: what a replica still names, a purge may have removed.
    """
    statement = (
        select(*VERSION_COLUMNS)
        .where(DocumentVersion.file_id.is_not(None))
        .order_by(DocumentVersion.id)
        .execution_options(yield_per=_AT_ONCE)
    )
    for versions in _batches(map(version_of, session.execute(statement))):
        named = {version.file_id for version in versions if version.file_id}
        there = files.existing(Bucket.DOCUMENTS, named)
        yield from (version for version in versions if version.file_id not in there)


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    remaining = iter(items)
    while batch := list(islice(remaining, _AT_ONCE)):
        yield batch
