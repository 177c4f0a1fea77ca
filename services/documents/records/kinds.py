"""Types of documents and their retention classes."""

from enum import StrEnum
from typing import Final

from services.core.sentences import Label


class Classification(StrEnum):
    """The retention class of a document; `retention_rules` has the periods."""

    CLINICAL = "clinical"
    ADMINISTRATIVE = "administrative"
    TEMPORARY = "temporary"


class DocumentType(StrEnum):
    """The type of a document."""

    MEDICAL_RECORD = "medical_record"
    VISIT_SUMMARY = "visit_summary"
    REFERRAL_LETTER = "referral_letter"
    SICK_NOTE = "sick_note"
    LAB_REPORT = "lab_report"
    PRESCRIPTION = "prescription"
    IMAGING = "imaging"
    CORRESPONDENCE = "correspondence"
    CONSENT = "consent"
    INVOICE = "invoice"
    OTHER = "other"


TYPE_LABELS: Final[dict[DocumentType, str]] = {
    DocumentType.MEDICAL_RECORD: "Medical record",
    DocumentType.VISIT_SUMMARY: "Visit summary",
    DocumentType.REFERRAL_LETTER: "Referral letter",
    DocumentType.SICK_NOTE: "Sick note",
    DocumentType.LAB_REPORT: "Lab report",
    DocumentType.PRESCRIPTION: "Prescription",
    DocumentType.IMAGING: "Imaging",
    DocumentType.CORRESPONDENCE: "Correspondence",
    DocumentType.CONSENT: "Consent",
    DocumentType.INVOICE: "Invoice",
    DocumentType.OTHER: Label("Other", "type of document"),
}
# Marks what patients have written in a form, so that nobody takes it for the clinic's
# statement.
STATED: Final = "Stated by the patient"
CLASS_LABELS: Final[dict[Classification, str]] = {
    Classification.CLINICAL: "Clinical",
    Classification.ADMINISTRATIVE: "Administrative",
    Classification.TEMPORARY: "Temporary",
}
# Anything that may concern somebody's health is clinical, unless a person decides
# otherwise.
_ADMINISTRATIVE: Final = frozenset({DocumentType.INVOICE})


def default_classification(document_type: DocumentType) -> Classification:
    """Return the class of documents of this type, unless a person chooses another."""
    if document_type in _ADMINISTRATIVE:
        return Classification.ADMINISTRATIVE
    return Classification.CLINICAL
