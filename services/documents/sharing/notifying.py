"""Notifies people of documents that they can see, without anything of their content."""

from collections.abc import Collection
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from db.models.document import Document, DocumentVersion
from db.models.user import User
from db.postgres import assume_role
from services.core.actors import Actor
from services.documents.records.model import DocumentRecord
from services.documents.records.visibility import is_visible_to_patient
from services.messaging import user_notifications
from services.messaging.user_notifications import NotificationTopic

# If a file is scanned even later, its patient has learned of it in another way.
_NEWS: Final = timedelta(days=7)


def notify_patient(session: Session, document: DocumentRecord) -> None:
    """Notify the patient of a document that the clinic filed and does not withhold."""
    if document.patient_id is not None:
        _notify(session, document.id)


def notify_of_change(
    session: Session, before: DocumentRecord, after: DocumentRecord
) -> None:
    """Notify whoever can see a document now; withdraw it from those who cannot."""
    was_for, is_for = _patient_shown(before), _patient_shown(after)
    if was_for != is_for:
        withdraw_from_patient(session, after.id)
        notify_patient(session, after)


def notify_of_clean_file(session: Session, file_id: str) -> None:
    """Notify the patients of documents whose file was just found clean.

    For the background. Nobody was notified while they could not be opened.
    """
    cleared = select(DocumentVersion.document_id).where(
        DocumentVersion.file_id == file_id,
        DocumentVersion.number == 1,
        DocumentVersion.created_at > func.now() - _NEWS,
    )
    for document_id in session.scalars(cleared):
        _notify(session, document_id)


def notify_readers(
    session: Session, actor: Actor, document_id: UUID, user_ids: Collection[UUID]
) -> None:
    """Notify colleagues that they are named for a confidential document."""
    user_notifications.tell(
        session,
        NotificationTopic.SHARED,
        and_(User.id.in_(user_ids), User.id != actor.id),
        subject_id=document_id,
        detail=actor.name,
    )


def withdraw_from_patient(session: Session, document_id: UUID) -> None:
    """Withdraw the patient's notification of a document that they cannot see now."""
    user_notifications.take_back(session, NotificationTopic.DOCUMENT, document_id)


def withdraw_from_readers(
    session: Session, document_id: UUID, user_ids: Collection[UUID] | None = None
) -> None:
    """Withdraw notifications from these colleagues, or all, who cannot open it now."""
    user_notifications.take_back(
        session, NotificationTopic.SHARED, document_id, user_ids
    )


def _notify(session: Session, document_id: UUID) -> None:
    # The one rule of what patients may see decides; what they filed themselves, and so
    # know of, is left out.
    shown = (
        select(User.id)
        .join(Document, Document.patient_id == User.patient_id)
        .join(DocumentVersion, DocumentVersion.document_id == Document.id)
        .where(
            Document.id == document_id,
            DocumentVersion.number == Document.latest,
            Document.deleted_at.is_(None),
            Document.created_by != User.id,
            is_visible_to_patient(User.__table__.c.patient_id, User.__table__.c.id),
        )
    )
    with assume_role(session, "system"):
        user_notifications.tell(
            session,
            NotificationTopic.DOCUMENT,
            User.id.in_(shown),
            subject_id=document_id,
        )


def _patient_shown(document: DocumentRecord) -> UUID | None:
    return None if document.withheld else document.patient_id
