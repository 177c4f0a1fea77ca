"""A questionnaire before a visit: why a patient comes, and since when."""

from typing import Final

from services.documents.forms import fields
from services.documents.forms.fields import FormField, FormFieldKind
from services.documents.forms.template import Template

TEMPLATE: Final = Template(
    name="visit_questionnaire",
    title="Questionnaire before a visit",
    document_type="medical_record",
    summary="Why you are coming, so that the visit starts with what matters.",
    fields=(
        fields.NAME,
        fields.RECORD_NUMBER,
        fields.DATE_OF_BIRTH,
        FormField(
            "visit_on", "Date of the visit", FormFieldKind.DATE, help="If you have one."
        ),
        FormField("reason", "Reason for the visit", FormFieldKind.TEXT, required=True),
        FormField(
            "since", "Since when", help="For example three days, or since spring."
        ),
        FormField(
            "tried",
            "What has been tried",
            FormFieldKind.TEXT,
            help="What helped, and what did not.",
        ),
        fields.MEDICATION,
        fields.ALLERGIES,
        FormField("questions", "Questions to the doctor", FormFieldKind.TEXT),
    ),
    is_for_patients=True,
)
