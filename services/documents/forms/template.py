"""What a form and the document made of it consist of."""

from dataclasses import dataclass

from services.documents.forms.fields import Form, FormField
from services.patients.records.model import PatientRecord


@dataclass(frozen=True, slots=True)
class Template:
    """A form, in the order in which it is filled in and printed.

    `document_type` is what the document is filed as: one of `documents.DocumentType`.
    What `is_for_patients` they fill in themselves, and its paper says so. What
    `is_for_several` makes sense with the same words for several patients.
    """

    name: str
    title: str
    document_type: str
    summary: str
    fields: tuple[FormField, ...]
    is_for_patients: bool = False
    is_for_several: bool = False

    def prefilled(self, patient: PatientRecord | None) -> Form:
        """Return the form with what the patient's record knows."""
        return {
            field.name: field.prefill(patient) if patient and field.prefill else ""
            for field in self.fields
        }
