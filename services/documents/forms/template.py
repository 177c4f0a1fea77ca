"""The structure of a form, and of the document made from it."""

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
    """A form, with its fields in the order in which they are filled in and printed.

    `document_type` is the type that the document is filed as: one of
    `documents.DocumentType`. Patients fill in a form that `is_for_patients` themselves,
    and its paper states so. A form that `is_for_several` makes sense with the same text
    for several patients.
    """

    name: str
    title: str
    document_type: str
    summary: str
    fields: tuple[FormField, ...]
    is_for_patients: bool = False
    is_for_several: bool = False

    def prefilled(self, patient: PatientRecord | None, salutation: str = "") -> Form:
        """Return the form with what the patient's record has.

        A letter begins with `salutation`, in which {name} is the patient's name; by
        default the salutation is English.
        """
        known: Form = {
            field.name: field.prefill(patient) if patient and field.prefill else ""
            for field in self.fields
        }
        if not patient or not salutation or SALUTATION not in self.fields:
            return known
        return {**known, SALUTATION.name: salutation_of(patient, salutation)}
