"""A lab report: what was measured, and what it means."""

from typing import Final

from services.documents.forms import fields
from services.documents.forms.fields import FormField, FormFieldKind
from services.documents.forms.template import Template

TEMPLATE: Final = Template(
    name="lab_report",
    title="Lab report",
    document_type="lab_report",
    summary="Results of a sample, with their reference ranges.",
    fields=(
        fields.NAME,
        fields.RECORD_NUMBER,
        fields.DATE_OF_BIRTH,
        FormField("sample", "Sample", help="For example venous blood, fasting."),
        FormField(
            "taken_on",
            "Taken on",
            FormFieldKind.DATE,
            required=True,
            not_in_future=True,
            not_before="date_of_birth",
        ),
        FormField("laboratory", "Laboratory"),
        FormField(
            "results",
            "Results",
            FormFieldKind.TABLE,
            required=True,
            columns=("Test", "Result", "Unit", "Reference range"),
        ),
        FormField("interpretation", "Interpretation", FormFieldKind.TEXT),
    ),
)
