"""A health statement: what a patient states about their own health."""

from typing import Final

from services.documents.forms import fields
from services.documents.forms.fields import FormField, FormFieldKind
from services.documents.forms.template import Template

TEMPLATE: Final = Template(
    name="health_statement",
    title="Health statement",
    document_type="medical_record",
    summary="What your clinic should know about you: illnesses, allergies, medication.",
    fields=(
        fields.NAME,
        fields.RECORD_NUMBER,
        fields.DATE_OF_BIRTH,
        FormField(
            "diagnosis",
            "Illnesses now",
            FormFieldKind.TEXT,
            help="For example high cholesterol.",
        ),
        FormField(
            "history",
            "Earlier illnesses and operations",
            FormFieldKind.TEXT,
            prefill=fields.HISTORY.prefill,
        ),
        fields.ALLERGIES,
        fields.MEDICATION,
        FormField(
            "family",
            "Illnesses in the family",
            FormFieldKind.TEXT,
            help="Of parents, brothers and sisters.",
        ),
        FormField(
            "habits",
            "Smoking, alcohol, exercise",
            FormFieldKind.TEXT,
        ),
        fields.REMARKS,
    ),
    is_for_patients=True,
)
