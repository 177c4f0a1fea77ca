"""Legal holds as administrators see and release them: by a document's id."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.models.document import Document
from db.models.user import User
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.documents.records.errors import NoHoldToRelease, NoSuchDocument
from services.documents.records.kinds import Classification
from services.people.sign_in import confirmations

MOST_LISTED: Final = 200
_SUBJECT: Final = "document"


@dataclass(frozen=True, slots=True)
class HeldDocument:
    """A document on hold: since when, by whom and why.

    It is identified by its id alone: whoever looks after holds need not know its
    content.
    """

    id: UUID
    classification: Classification
    held_at: datetime
    holder_name: str | None
    reason: str


def list_holds(session: Session, actor: Actor) -> tuple[HeldDocument, ...]:
    """Return what is on hold, the longest held first. Raises NotAllowed."""
    actor.require(Permission.MANAGE_RETENTION)
    rows = session.execute(
        select(
            Document.id,
            Document.classification,
            Document.held_at,
            User.name,
            Document.held_because,
        )
        .outerjoin(User, User.id == Document.held_by)
        .where(Document.held_at.is_not(None))
        .order_by(Document.held_at, Document.id)
        .limit(MOST_LISTED)
    )
    # The database allows no hold without a time and a reason.
    return tuple(
        HeldDocument(held_id, Classification(kept_as), held_at, holder, because)
        for held_id, kept_as, held_at, holder, because in rows
        if held_at and because
    )


def release_hold(
    session: Session, actor: Actor, document_id: UUID, *, session_id: UUID | None
) -> None:
    """Release a hold; from then on the document's rule applies. The caller commits.

    Raises NotConfirmed, NoHoldToRelease, NoSuchDocument and NotAllowed.
    """
    actor.require(Permission.MANAGE_RETENTION)
    confirmations.require_passkey(session, actor, session_id)
    released = session.execute(
        update(Document)
        .where(Document.id == document_id, Document.held_at.is_not(None))
        .values(
            held_at=None,
            held_by=None,
            held_because=None,
            revision=Document.revision + 1,
        )
        .returning(Document.latest, Document.revision)
    ).one_or_none()
    if released is None:
        known = select(Document.id).where(Document.id == document_id)
        raise NoHoldToRelease if session.scalar(known) else NoSuchDocument
    audit.record(
        session,
        actor,
        Action.DOCUMENT_RELEASE,
        subject=(_SUBJECT, document_id),
        details={"version": released.latest, "revision": released.revision},
    )
