"""Which documents somebody may see and change, by their role."""

from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, literal, or_

from db.models.document import Document, DocumentVersion
from services.core.actors import Actor, Permission, Role
from services.documents.records.model import QUARANTINED, DocumentRecord

# Only a tombstone is left of what was purged.
IS_KEPT: Final = Document.purged_at.is_(None)


def permission_to_view(actor: Actor) -> Permission:
    """Return the permission to see documents that the actor needs for their role."""
    own = actor.role is Role.PATIENT
    return Permission.VIEW_OWN_DOCUMENTS if own else Permission.VIEW_DOCUMENTS


def permission_to_file(actor: Actor) -> Permission:
    """Return the permission to file documents that the actor needs for their role."""
    own = actor.role is Role.PATIENT
    return Permission.FILE_OWN_DOCUMENTS if own else Permission.FILE_DOCUMENTS


def require_view(actor: Actor) -> None:
    """Raise NotAllowed unless the actor may see documents, or their own."""
    actor.require(permission_to_view(actor))


def require_file(actor: Actor) -> None:
    """Raise NotAllowed unless the actor may file documents, or their own."""
    actor.require(permission_to_file(actor))


def is_visible_to(actor: Actor) -> ColumnElement[bool]:
    """Select the pairs of a document and its version that the actor may see.

    These include deleted ones for those who may restore them, so lists add
    `Document.deleted_at.is_(None)` themselves. Whom a clinician treats, and which
    confidential documents the front desk may open, is left to the database's own rules.
    """
    if actor.role is not Role.PATIENT:
        return IS_KEPT
    if actor.patient_id is None:
        return false()
    return is_visible_to_patient(literal(actor.patient_id), literal(actor.id))


def is_visible_to_patient(
    patient_id: ColumnElement[UUID], actor_id: ColumnElement[UUID]
) -> ColumnElement[bool]:
    """Select the pairs that a patient with this record and this sign-in may see."""
    return and_(
        IS_KEPT,
        Document.patient_id == patient_id,
        or_(Document.deleted_at.is_(None), Document.created_by == actor_id),
        or_(~Document.withheld, Document.created_by == actor_id),
        # What nobody may open yet is listed for whoever filed it, so that they know.
        or_(
            DocumentVersion.scan.not_in(QUARANTINED),
            DocumentVersion.author_id == actor_id,
        ),
    )


def may_change(actor: Actor, record: DocumentRecord) -> bool:
    """Return whether the actor may replace or rename the document.

    Patients may if they filed it themselves.
    """
    if not actor.may(permission_to_file(actor)):
        return False
    return actor.role is not Role.PATIENT or _is_own(actor, record)


def may_delete(actor: Actor, record: DocumentRecord) -> bool:
    """Return whether the actor may delete and restore the document, holds aside."""
    if actor.role is Role.PATIENT:
        return may_change(actor, record)
    return actor.may(Permission.DELETE_DOCUMENTS)


def _is_own(actor: Actor, record: DocumentRecord) -> bool:
    # A document to which the clinic has added a version is the clinic's as well.
    authors = {record.created_by, record.version.author_id}
    return record.patient_id == actor.patient_id and authors == {actor.id}
