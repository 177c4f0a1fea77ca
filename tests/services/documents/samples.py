"""Documents that the tests know by name, and what leads to them."""

import hashlib
from typing import Any
from uuid import uuid4

from services import documents
from services.documents import DraftDocument, StoredContent
from services.pdf.examination import Examination

TEXT = ("Blood count of Ada", "Haemoglobin 14.1")


def content(data: bytes = b"%PDF-1.7 one", **changes: Any) -> StoredContent:
    """Return content as if it were stored; no test may ask for its bytes."""
    values = {
        "file_id": uuid4().hex[:24],
        "filename": "Blood count.pdf",
        "filesize": len(data),
        "sha256": hashlib.sha256(data).digest(),
        "examination": Examination(pages=2, text=TEXT),
    }
    return StoredContent(**(values | changes))


def file(session, actor, *, of=None, **changes):
    """File a document of a patient, or one that is unfiled."""
    draft = DraftDocument(patient_id=of.id if of else None, **changes)
    return documents.file(session, actor, draft, content())
