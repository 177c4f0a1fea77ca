"""The trash: who sees it, and deleting, restoring and holding documents."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models.document import Document, RetentionRule
from services.core import reasons
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action
from services.documents.records import reading
from services.documents.records.errors import (
    AlreadyHeld,
    Held,
    NoHoldToRelease,
    NotDeleted,
    StaleRevision,
)
from services.documents.records.kinds import Classification
from services.documents.records.model import DocumentRecord
from services.documents.records.revising import not_own_document, revise
from services.documents.records.visibility import may_delete, require_view
from services.documents.sharing import notifying

# The trash exists for restoring documents, so it is for those who file documents, or
# their own, and not for those who may only read.
TO_LIST_DELETED: Final = (Permission.FILE_DOCUMENTS, Permission.FILE_OWN_DOCUMENTS)


def may_list_deleted(actor: Actor) -> bool:
    """Return whether the actor may list deleted documents, or their own."""
    return actor.may(_permission_to_list_deleted(actor))


def require_list_deleted(actor: Actor) -> None:
    """Raise NotAllowed unless the actor may list deleted documents, or their own."""
    actor.require(_permission_to_list_deleted(actor))


def restore_days(session: Session, actor: Actor) -> Mapping[Classification, int]:
    """Return for how many days a deleted document can be restored, by class."""
    require_view(actor)
    rules = select(RetentionRule.classification, RetentionRule.restore_days)
    return {Classification(name): days for name, days in session.execute(rules)}


def delete(
    session: Session, actor: Actor, document_id: UUID, *, revision: int | None
) -> DocumentRecord:
    """Take a document out of use until it is restored or purged; the caller commits.

    If `revision` is None, any revision is deleted. Raises Held, StaleRevision,
    NoSuchDocument, NotAllowed.
    """
    _require_deleting(actor)
    before = reading.look_up(session, actor, document_id)
    _require_own(actor, before)
    values = {"deleted_at": func.now(), "deleted_by": actor.id}
    try:
        revise(
            session,
            actor,
            before,
            revision,
            values,
            Document.deleted_at.is_(None),
            Document.held_at.is_(None),
        )
    except StaleRevision as error:
        if error.current.is_held:
            raise Held from error
        raise
    notifying.withdraw_from_patient(session, document_id)
    notifying.withdraw_from_readers(session, document_id)
    return _done(session, actor, document_id, Action.DOCUMENT_DELETE)


def restore(
    session: Session, actor: Actor, document_id: UUID, *, revision: int | None
) -> DocumentRecord:
    """Restore a deleted document; the caller commits.

    Raises NotDeleted, StaleRevision, NoSuchDocument once it is purged, NotAllowed.
    """
    _require_deleting(actor)
    before = reading.look_up(session, actor, document_id, even_deleted=True)
    _require_own(actor, before)
    if not before.is_deleted:
        raise NotDeleted
    # The whole retention starts again: what is restored late must not be purged at
    # once.
    values = {"deleted_at": None, "deleted_by": None, "updated_at": func.now()}
    is_deleted = Document.deleted_at.is_not(None)
    revise(session, actor, before, revision, values, is_deleted)
    return _done(session, actor, document_id, Action.DOCUMENT_RESTORE)


def hold(
    session: Session, actor: Actor, document_id: UUID, *, reason: str
) -> DocumentRecord:
    """Put a document, deleted or not, on hold until it is released; the caller commits.

    Raises AlreadyHeld, NoSuchDocument, InvalidInput, NotAllowed.
    """
    actor.require(Permission.HOLD_DOCUMENTS)
    because = reasons.read(reason)
    before = reading.look_up(session, actor, document_id, even_deleted=True)
    if before.is_held:
        raise AlreadyHeld
    values = {"held_at": func.now(), "held_by": actor.id, "held_because": because}
    revise(session, actor, before, None, values, Document.held_at.is_(None))
    return _done(session, actor, document_id, Action.DOCUMENT_HOLD, reason=because)


def release(session: Session, actor: Actor, document_id: UUID) -> DocumentRecord:
    """Release a hold; the caller commits.

    Raises NoHoldToRelease, NoSuchDocument, NotAllowed.
    """
    actor.require(Permission.HOLD_DOCUMENTS)
    before = reading.look_up(session, actor, document_id, even_deleted=True)
    if not before.is_held:
        raise NoHoldToRelease
    values = {"held_at": None, "held_by": None, "held_because": None}
    revise(session, actor, before, None, values, Document.held_at.is_not(None))
    return _done(session, actor, document_id, Action.DOCUMENT_RELEASE)


def _permission_to_list_deleted(actor: Actor) -> Permission:
    return TO_LIST_DELETED[actor.role is Role.PATIENT]


def _require_deleting(actor: Actor) -> None:
    is_patient = actor.role is Role.PATIENT
    actor.require(
        Permission.FILE_OWN_DOCUMENTS if is_patient else Permission.DELETE_DOCUMENTS
    )


def _require_own(actor: Actor, document: DocumentRecord) -> None:
    if not may_delete(actor, document):
        raise not_own_document(document)


def _done(
    session: Session,
    actor: Actor,
    document_id: UUID,
    action: Action,
    *,
    reason: str | None = None,
) -> DocumentRecord:
    after = reading.look_up(session, actor, document_id, even_deleted=True)
    reading.record_event(
        session, actor, action, after, reason=reason, revision=after.revision
    )
    return after
