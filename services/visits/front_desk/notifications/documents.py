"""E-mails about documents, one for several documents."""

from typing import Final

from sqlalchemy import case, insert, literal, null, select
from sqlalchemy.orm import Session

from db.models.booking import VisitNotification
from db.models.patient import Patient
from db.models.user import User
from services.messaging import user_notifications
from services.visits.front_desk.notifications.records import NotificationKind
from services.visits.front_desk.notifications.wording import (
    subject_of,
    text_of_documents,
)

_KIND: Final = NotificationKind.DOCUMENT


def write_document_emails(session: Session, *, is_wanted: bool = True) -> int:
    """Write to people with documents unread for a while; return how many.

    For the background; the caller commits. Patients are written to at the address in
    their record, colleagues at the one they sign in with. People without an address,
    who have died, or whose record or account is out of use are skipped; unless
    `is_wanted`, nobody is written to.
    """
    unaware = user_notifications.take_due_to_mail(session)
    if not (unaware and is_wanted):
        return 0
    is_patient = User.patient_id.is_not(None)
    to_address = case((is_patient, Patient.email), else_=User.email)
    letters = (
        select(
            literal(_KIND.value),
            User.patient_id,
            case((is_patient, null()), else_=User.id),
            to_address,
            literal(subject_of(_KIND)),
            literal(text_of_documents()),
        )
        .outerjoin(Patient, Patient.id == User.patient_id)
        .where(
            User.id.in_(unaware),
            User.deactivated_at.is_(None),
            Patient.deleted_at.is_(None),
            Patient.deceased_on.is_(None),
            to_address.is_not(None),
        )
    )
    columns = ("kind", "patient_id", "user_id", "to_address", "subject", "body")
    written = session.scalars(
        insert(VisitNotification)
        .from_select(columns, letters)
        .returning(VisitNotification.id)
    )
    return len(written.all())
