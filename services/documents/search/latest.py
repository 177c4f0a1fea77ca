"""The latest documents, and those that nobody has filed under a patient."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models.document import Document, DocumentVersion
from db.models.patient import LISTED_NAME, PATIENT_NAME, Patient
from services.core import audit
from services.core.actors import Actor, Role
from services.core.audit import Action
from services.documents.records.kinds import DocumentType
from services.documents.records.visibility import is_visible_to, require_view
from services.documents.search.listed import IS_LATEST

# As many as one panel of the start page lists.
_MOST: Final = 6
_CURRENT: Final = Document.deleted_at.is_(None)


@dataclass(frozen=True, slots=True)
class LatestDocument:
    """A document that was filed lately; without a patient it is unfiled."""

    id: UUID
    title: str
    document_type: DocumentType
    created_at: datetime
    patient_id: UUID | None
    patient_name: str
    listed_name: str
    urgent: bool
    stated_by_patient: bool


def list_latest(
    session: Session, actor: Actor, since: datetime
) -> tuple[LatestDocument, ...]:
    """Return what others filed since then: urgent ones first, then the newest first.

    Clinicians get those of their patients; patients get their own, ordered by time
    alone. Raises NotAllowed.
    """
    require_view(actor)
    urgent_first = () if actor.role is Role.PATIENT else (Document.urgent.desc(),)
    rows = session.execute(
        select(
            Document.id,
            Document.title,
            Document.document_type,
            Document.created_at,
            Document.patient_id,
            PATIENT_NAME.label("patient_name"),
            LISTED_NAME.label("listed_name"),
            Document.urgent,
            DocumentVersion.stated_by_patient,
        )
        .join(DocumentVersion, IS_LATEST)
        .outerjoin(Patient, Patient.id == Document.patient_id)
        .where(
            is_visible_to(actor),
            _CURRENT,
            Document.created_at >= since,
            Document.created_by != actor.id,
        )
        .order_by(*urgent_first, Document.created_at.desc(), Document.id.desc())
        .limit(_MOST)
    )
    listed = tuple(
        LatestDocument(
            row.id,
            row.title,
            DocumentType(row.document_type),
            row.created_at,
            row.patient_id,
            row.patient_name,
            row.listed_name,
            row.urgent,
            row.stated_by_patient,
        )
        for row in rows
    )
    audit.record(
        session,
        actor,
        Action.DOCUMENT_LIST,
        details={
            "since": since,
            "documents": [document.id for document in listed],
            "patients": sorted({d.patient_id for d in listed if d.patient_id}),
        },
    )
    return listed


def count_arrivals(
    session: Session, actor: Actor, first: date, now: datetime
) -> tuple[tuple[date, int], ...]:
    """Count the documents that were filed on each day from the first until today.

    Days are those of `now`'s zone. Counts name nobody, so nothing is recorded. Raises
    NotAllowed.
    """
    require_view(actor)
    local = func.timezone(str(now.tzinfo), Document.created_at)
    day = func.date(local).label("day")
    since = datetime.combine(first, datetime.min.time(), now.tzinfo)
    rows = session.execute(
        select(day, func.count(Document.id).label("number"))
        .join(DocumentVersion, IS_LATEST)
        .where(is_visible_to(actor), _CURRENT, Document.created_at >= since)
        .group_by(day)
    )
    counted = {row.day: row.number for row in rows}
    days = [first + timedelta(days=n) for n in range((now.date() - first).days + 1)]
    return tuple((day, counted.get(day, 0)) for day in days)
