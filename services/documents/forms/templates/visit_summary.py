"""A visit summary: what was found and decided, for the patient to take home."""

from typing import Final

from services.core.sentences import Label
from services.documents.forms import fields
from services.documents.forms.fields import FormField, FormFieldKind
from services.documents.forms.template import Template

TEMPLATE: Final = Template(
    name="visit_summary",
    title="Visit summary",
    document_type="visit_summary",
    summary="What was found and decided at a visit.",
    fields=(
        fields.NAME,
        fields.RECORD_NUMBER,
        fields.DATE_OF_BIRTH,
        FormField(
            "visited_on",
            "Date of visit",
            FormFieldKind.DATE,
            required=True,
            not_in_future=True,
            not_before="date_of_birth",
        ),
        FormField("reason", "Reason for the visit", FormFieldKind.TEXT),
        FormField("findings", Label("Findings", "form"), FormFieldKind.TEXT),
        fields.DIAGNOSIS,
        FormField(
            "plan", "Plan", FormFieldKind.TEXT, help="Treatment, and when to come back."
        ),
        fields.MEDICATION,
        fields.ALLERGIES,
    ),
)
