"""Forms to make documents of, and documents read back as a machine reads them."""

from datetime import UTC, datetime
from uuid import UUID

import pypdfium2

from services.documents import forms
from tests.kit.cast import ADA

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
ID = UUID("019aa0e4-3b7c-7d10-8f3e-2b6a5c9d1e00")
CLINIC = forms.Clinic("Riverside Clinic", "12 River Street\nOldtown", "+44 20 7946")
RECORD = forms.TEMPLATES["medical_record"]


def record_form(**values):
    """Return a medical record with every field filled in."""
    return {
        "name": "Ada Lovelace",
        "date_of_birth": ADA.date_of_birth.isoformat(),
        "diagnosis": "Hypertension",
        "allergies": "Penicillin",
        "medical_information": "Takes ramipril 5 mg.",
        **values,
    }


def made(template=RECORD, form=None, **changes):
    """Return the document's bytes."""
    about = {"clinic": CLINIC, "document_id": ID, "now": NOW, "author": "Dr Bo Lee"}
    filled = record_form() if form is None else form
    return forms.generate(template, filled, **(about | changes))


def pages_of(data):
    """Return the text of each page."""
    document = pypdfium2.PdfDocument(data)
    try:
        return [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()


def words_of(data):
    """Return all words of the document, in the order in which they are read."""
    return " ".join(pages_of(data)).split()
