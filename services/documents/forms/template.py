"""What a form and the document made of it consist of."""

from dataclasses import dataclass

from services.documents.forms.fields import (
    SALUTATION,
    Form,
    FormField,
    salutation_of,
)
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

    def prefilled(self, patient: PatientRecord | None, salutation: str = "") -> Form:
        """Return the form with what the patient's record knows.

        A letter begins with `salutation`, in which {name} is the patient's, and without
        one in English.
        """
        known: Form = {
            field.name: field.prefill(patient) if patient and field.prefill else ""
            for field in self.fields
        }
        if not patient or not salutation or SALUTATION not in self.fields:
            return known
        return {**known, SALUTATION.name: salutation_of(patient, salutation)}
