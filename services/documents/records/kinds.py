"""What kinds of documents there are, and how long each is worth keeping."""

from enum import StrEnum
from typing import Final

from services.core.sentences import Label


class Classification(StrEnum):
    """How long a document is kept: `retention_rules` says how long that is."""

    CLINICAL = "clinical"
    ADMINISTRATIVE = "administrative"
    TEMPORARY = "temporary"


class DocumentType(StrEnum):
    """What a document is."""

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
# What is said of what patients have written in a form, so that nobody takes it for the
# clinic's word.
STATED: Final = "Stated by the patient"
CLASS_LABELS: Final[dict[Classification, str]] = {
    Classification.CLINICAL: "Clinical",
    Classification.ADMINISTRATIVE: "Administrative",
    Classification.TEMPORARY: "Temporary",
}
# Whatever may be about somebody's health is kept as such, unless a person says else.
_ADMINISTRATIVE: Final = frozenset({DocumentType.INVOICE})


def default_classification(document_type: DocumentType) -> Classification:
    """Return how a document of this type is classified unless somebody says so."""
    if document_type in _ADMINISTRATIVE:
        return Classification.ADMINISTRATIVE
    return Classification.CLINICAL
