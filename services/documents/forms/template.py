"""The structure of a form, and of the document made from it."""

from dataclasses import dataclass

from services.documents.forms.fields import Form, FormField
from services.documents.forms.wording import ENGLISH, Wording
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

    def prefilled(
        self, patient: PatientRecord | None, wording: Wording = ENGLISH
    ) -> Form:
        """Return the form with what the patient's record has, and the salutation."""
        return {
            field.name: field.prefill(patient, wording.say)
            if patient and field.prefill
            else ""
            for field in self.fields
        }
