"""Bytes without a row: what a crash left, or a refusal."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.gridfs import Bucket, FileStore
from db.models import DocumentVersion

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


def _batches(items: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(items)
    while batch := list(islice(remaining, _AT_ONCE)):
        yield batch
