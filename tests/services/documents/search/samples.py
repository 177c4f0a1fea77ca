"""Documents to be listed and searched, filed through the service itself."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from db.models.document import Document
from services.core.actors import Actor
from services.documents import search as document_lists
from services.documents.records.model import DocumentRecord
from services.lists.criteria import Criteria, Filter, Group, Operator
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from services.pdf.report import PdfReport
from tests.kit.cast import ada
from tests.services.documents.records.samples import content, file

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def register(session: Session, actor: Actor, first: str, last: str) -> PatientRecord:
    """Register a new patient."""
    phone = f"+4416329{abs(hash((first, last))) % 100000:05}"
    draft = ada(first_name=first, last_name=last, phone_number=phone, email=None)
    return patients.register(session, actor, draft, today=TODAY)


def text_of(*pages: str, **changes: Any):
    """Return content with this text, page by page."""
    examined = PdfReport(pages=len(pages) or 1, text=tuple(pages))
    return content(repr(pages).encode(), report=examined, **changes)


def filed(
    session: Session,
    actor: Actor,
    title: str,
    *pages: str,
    of: PatientRecord | None = None,
    days_old: float = 0,
    holding: dict[str, Any] | None = None,
    **facts: Any,
) -> DocumentRecord:
    """File a document with a text, as if some days ago."""
    kept = text_of(*pages, **(holding or {}))
    document = file(session, actor, of=of, holding=kept, title=title, **facts)
    if days_old:
        age(session, document.id, days_old)
    return document


def age(session: Session, document_id: UUID, days: float) -> None:
    """Set the filing of a document to this many days ago."""
    timestamp = NOW - timedelta(days=days)
    session.execute(
        update(Document).where(Document.id == document_id).values(created_at=timestamp)
    )


def where(field: str, operator: Operator, value: Any) -> Criteria:
    """Return criteria with one filter."""
    return Criteria(where=Group(members=(Filter(field, operator, value),)))


def titles(
    session: Session, actor: Actor, criteria: Criteria, **page: Any
) -> list[str]:
    """Return the titles on one page of a list."""
    listed = document_lists.list_documents(session, actor, criteria, now=NOW, **page)
    return [row.title for row in listed.rows]


def search(session: Session, actor: Actor, typed: str) -> list[str]:
    """Return the titles that a search finds, the best first."""
    return titles(session, actor, Criteria(search=typed))
