"""The purge: a tombstone is left of a document when its time is over."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Final
from uuid import UUID

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.orm import Session

from db.files.gridfs import Bucket
from db.models.document import (
    Document,
    DocumentOriginal,
    DocumentReader,
    DocumentShare,
    DocumentText,
    DocumentVersion,
    RetentionRule,
)
from db.models.incoming import DocumentAssignment
from services.core import audit
from services.core.actors import KEEPER
from services.core.audit import Action
from services.documents.integrity import pending_deletions
from services.documents.retention.dates import OF_ITS_CLASS, ended

PURGED_TITLE: Final = "Purged document"
PURGED_NAME: Final = "purged.pdf"
_SUBJECT: Final = "document"
# Few enough for a short transaction, many enough for a busy clinic's day.
_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class _Ended:
    """A document whose time is over."""

    id: UUID
    patient_id: UUID | None
    classification: str
    latest: int
    deleted_at: datetime | None

    @property
    def because(self) -> str:
        return "retention" if self.deleted_at is None else "deleted"


def purge(session: Session, *, at_once: int = _AT_ONCE) -> int:
    """Make tombstones of a few documents that are due; return their number.

    Their files become pending deletions in the same transaction: the row goes first,
    then the bytes. Documents that another worker or a person has locked are left for
    the next run. The caller, which is the system, commits.
    """
    documents = _lock_ended(session, at_once)
    if not documents:
        return 0
    versions = _make_tombstones(session, [document.id for document in documents])
    for document in documents:
        _record(session, document, len(versions[document.id]))
    return len(documents)


def replay_purges(session: Session, ids: Collection[UUID]) -> int:
    """Make tombstones of documents that rows from before their purge brought back.

    The audit log has the purge already. Returns their number; the caller commits.
    """
    known = select(Document.id).where(
        Document.id.in_(ids), Document.purged_at.is_(None)
    )
    if not (there := session.scalars(known.with_for_update()).all()):
        return 0
    session.execute(
        update(Document)
        .where(Document.id.in_(there))
        .values(held_at=None, held_by=None, held_because=None)
    )
    _make_tombstones(session, there)
    return len(there)


def _make_tombstones(
    session: Session, ids: Sequence[UUID]
) -> defaultdict[UUID, list[str | None]]:
    """Make tombstones, and pending deletions of the files; return the files."""
    versions, originals = _files_of(session, ids), _originals_of(session, ids)
    _forget_contents(session, ids)
    _empty_rows(session, ids)
    files = set(filter(None, chain.from_iterable(versions.values())))
    pending_deletions.add_purged(
        session, Bucket.DOCUMENTS, _without_others(session, files)
    )
    pending_deletions.add_purged(session, Bucket.DOCUMENT_ORIGINALS, originals)
    return versions


def _lock_ended(session: Session, at_once: int) -> list[_Ended]:
    rows = session.execute(
        select(
            Document.id,
            Document.patient_id,
            Document.classification,
            Document.latest,
            Document.deleted_at,
        )
        .join(RetentionRule, OF_ITS_CLASS)
        .where(ended())
        .limit(at_once)
        # The lock checks the conditions again: a hold that came first wins.
        .with_for_update(of=Document, skip_locked=True)
    )
    return [_Ended(*row) for row in rows]


def _files_of(
    session: Session, ids: Sequence[UUID]
) -> defaultdict[UUID, list[str | None]]:
    files: defaultdict[UUID, list[str | None]] = defaultdict(list)
    rows = session.execute(
        select(DocumentVersion.document_id, DocumentVersion.file_id).where(
            DocumentVersion.document_id.in_(ids)
        )
    )
    for document_id, file_id in rows:
        files[document_id].append(file_id)
    return files


def _originals_of(session: Session, ids: Sequence[UUID]) -> set[str]:
    """Return the originals of these versions, which no other document names."""
    return set(
        session.scalars(
            select(DocumentOriginal.file_id)
            .join(DocumentVersion, DocumentVersion.id == DocumentOriginal.version_id)
            .where(DocumentVersion.document_id.in_(ids))
        )
    )


def _forget_contents(session: Session, ids: Sequence[UUID]) -> None:
    """Keep only who made each version and when, its size and its hash."""
    of_these = select(DocumentVersion.id).where(DocumentVersion.document_id.in_(ids))
    for kept in (DocumentText, DocumentOriginal):
        session.execute(delete(kept).where(kept.version_id.in_(of_these)))
    session.execute(
        update(DocumentShare)
        .where(
            DocumentShare.version_id.in_(of_these), DocumentShare.revoked_at.is_(None)
        )
        .values(revoked_at=func.now())
    )
    for about in (DocumentReader, DocumentAssignment):
        session.execute(delete(about).where(about.document_id.in_(ids)))
    waiting = {"reading": "none", "scan": "off"}
    session.execute(
        update(DocumentVersion)
        .where(DocumentVersion.document_id.in_(ids))
        .values(
            file_id=None,
            filename=PURGED_NAME,
            form=None,
            # A file that is gone need not be read or scanned any more.
            **{
                name: case((column == "waiting", done), else_=column)
                for name, done in waiting.items()
                for column in [getattr(DocumentVersion, name)]
            },
        )
    )


def _empty_rows(session: Session, ids: Sequence[UUID]) -> None:
    session.execute(
        update(Document)
        .where(Document.id.in_(ids))
        .values(
            title=PURGED_TITLE,
            description="",
            metadata_={},
            dated_on=None,
            tags=[],
            revision=Document.revision + 1,
            deleted_at=func.coalesce(Document.deleted_at, func.now()),
            deleted_by=func.coalesce(Document.deleted_by, KEEPER.id),
            purged_at=func.now(),
        )
    )


def _without_others(session: Session, files: set[str]) -> set[str]:
    """Return the files that no other document's version names."""
    named = session.scalars(
        select(DocumentVersion.file_id).where(DocumentVersion.file_id.in_(files))
    )
    return files.difference(named)


def _record(session: Session, document: _Ended, versions: int) -> None:
    audit.record(
        session,
        KEEPER,
        Action.DOCUMENT_PURGE,
        patient_id=document.patient_id,
        subject=(_SUBJECT, document.id),
        details={
            "version": document.latest,
            "versions": versions,
            "because": document.because,
            "classification": document.classification,
        },
    )
