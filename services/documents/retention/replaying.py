"""Holds and revocations of links that are missing from rows of an earlier time."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from db.models.document import Document, DocumentShare


@dataclass(frozen=True, slots=True)
class HoldPlaced:
    """A legal hold, as the audit log has it."""

    document_id: UUID
    at: datetime
    by: UUID
    because: str


def replay_holds(session: Session, holds: Iterable[HoldPlaced]) -> int:
    """Place holds where documents have none; return how many. The caller commits."""
    placed = 0
    for hold in holds:
        held = session.execute(
            update(Document)
            .where(
                Document.id == hold.document_id,
                Document.held_at.is_(None),
                Document.purged_at.is_(None),
            )
            .values(
                held_at=hold.at,
                held_by=hold.by,
                held_because=hold.because,
                revision=Document.revision + 1,
            )
            .returning(Document.id)
            .execution_options(synchronize_session=False)
        )
        placed += len(held.all())
    return placed


def replay_link_revocations(session: Session, ids: Collection[UUID]) -> int:
    """Revoke links that had been revoked; return their number. The caller commits."""
    revoked = session.execute(
        update(DocumentShare)
        .where(DocumentShare.id.in_(ids), DocumentShare.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(DocumentShare.id)
        .execution_options(synchronize_session=False)
    )
    return len(revoked.all())
