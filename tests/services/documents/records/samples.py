"""Documents that the tests know by name, and functions to make them."""

import hashlib
from typing import Any
from uuid import uuid4

from sqlalchemy import select, update

from db.models.audit import AuditEvent
from db.models.document import DocumentVersion
from services.documents import records
from services.documents.records.drafts import DraftDocument, StoredContent
from services.pdf.report import PdfReport

TEXT = ("Blood count of Ada", "Haemoglobin 14.1")


def content(data: bytes = b"%PDF-1.7 one", **changes: Any) -> StoredContent:
    """Return content as if it were stored; no test may read its bytes."""
    values = {
        "file_id": uuid4().hex[:24],
        "filename": "Blood count.pdf",
        "filesize": len(data),
        "sha256": hashlib.sha256(data).digest(),
        "report": PdfReport(pages=2, text=TEXT),
    }
    return StoredContent(**(values | changes))


def file(session, actor, *, of=None, holding=None, **facts):
    """File a document of a patient, or an unfiled one."""
    draft = DraftDocument(patient_id=of.id if of else None, **facts)
    return records.file(session, actor, draft, holding or content())


def mark(session, document, **values):
    """Change the state of a document's versions."""
    session.execute(
        update(DocumentVersion)
        .where(DocumentVersion.document_id == document.id)
        .values(values)
    )


def recorded(session):
    """Return the actions and versions that the audit log has about documents."""
    events = session.scalars(
        select(AuditEvent)
        .where(AuditEvent.subject_kind == "document")
        .order_by(AuditEvent.position)
    )
    return [(event.action, event.details["version"]) for event in events]
