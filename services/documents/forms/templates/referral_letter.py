"""A referral letter: why a colleague is asked to see this patient."""

from typing import Final

from services.core.sentences import Label
from services.documents.forms import fields
from services.documents.forms.fields import FormField, FormFieldKind
from services.documents.forms.template import Template

TEMPLATE: Final = Template(
    name="referral_letter",
    title="Referral letter",
    document_type="referral_letter",
    summary="Asks a colleague to see the patient.",
    fields=(
        FormField(
            "recipient",
            Label("To", "form"),
            required=True,
            help="Doctor, clinic or department.",
        ),
        fields.NAME,
        fields.RECORD_NUMBER,
        fields.DATE_OF_BIRTH,
        FormField(
            "urgency", "Urgency", help="For example routine, or within two weeks."
        ),
        FormField("reason", "Reason for referral", FormFieldKind.TEXT, required=True),
        fields.DIAGNOSIS,
        fields.HISTORY,
        fields.MEDICATION,
        fields.ALLERGIES,
        fields.REMARKS,
    ),
    is_for_several=True,
)
