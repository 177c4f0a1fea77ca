"""The next revision of a document, made only once however many try at the same time."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from db.models.document import Document
from db.postgres import assume_role
from services.core.actors import Actor, Role
from services.core.errors import NotAllowed
from services.documents.records import reading
from services.documents.records.errors import StaleRevision
from services.documents.records.model import DocumentRecord
from services.documents.records.visibility import may_change, require_file
from services.patients.records import locks
from services.patients.records.model import PatientRecord
from services.patients.records.refusals import NoSuchPatient


def get_changeable(session: Session, actor: Actor, document_id: UUID) -> DocumentRecord:
    """Return a document that the actor may change.

    Raises NoSuchDocument, NotAllowed.
    """
    require_file(actor)
    before = reading.look_up(session, actor, document_id)
    if not may_change(actor, before):
        raise not_own_document(before)
    return before


def not_own_document(document: DocumentRecord) -> NotAllowed:
    """Return the refusal for a patient who did not file the document themselves."""
    return NotAllowed(
        "Your clinic filed this document or added to it, so only the clinic changes "
        "it. "
        "Ask at the front desk.",
        patient_id=document.patient_id,
    )


def lock_patient(session: Session, actor: Actor, patient_id: UUID) -> PatientRecord:
    """Keep the patient from being merged or archived until the transaction ends.

    Raises NoSuchPatient, PatientArchived.
    """
    if actor.role is not Role.PATIENT:
        return locks.lock(session, patient_id)
    if actor.patient_id != patient_id:
        raise NoSuchPatient(patient_id)
    # The lock needs the right to change the row, which patients lack on their own
    # record.
    with assume_role(session, "system"):
        return locks.lock(session, patient_id)


def revise(
    session: Session,
    actor: Actor,
    before: DocumentRecord,
    revision: int | None,
    values: dict[str, Any],
    *conditions: ColumnElement[bool],
) -> int:
    """Write columns of the revision that was read; return the document's `latest`.

    If `revision` is None, any revision is overwritten. Raises StaleRevision with the
    document as it is now, or NoSuchDocument if it is gone.
    """
    if revision is not None:
        conditions = (*conditions, Document.revision == revision)
    statement = (
        update(Document)
        .where(Document.id == before.id, Document.purged_at.is_(None), *conditions)
        .values(**values, revision=Document.revision + 1)
        .returning(Document.latest)
        .execution_options(synchronize_session=False)
    )
    latest = session.scalar(statement)
    if latest is None:
        # A new statement sees what others have committed, even in the same transaction.
        raise StaleRevision(
            reading.look_up(session, actor, before.id, even_deleted=before.is_deleted)
        )
    return latest
