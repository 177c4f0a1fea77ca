"""A letter from the clinic to a patient, in free text."""

from typing import Final

from services.documents.forms import fields
from services.documents.forms.fields import FormField, FormFieldKind
from services.documents.forms.template import Template

TEMPLATE: Final = Template(
    name="letter",
    title="Letter",
    document_type="correspondence",
    summary="To the patient: a change, an answer, news of the clinic.",
    fields=(
        fields.NAME,
        fields.RECORD_NUMBER,
        fields.DATE_OF_BIRTH,
        fields.ADDRESS,
        FormField("subject", "Subject", required=True),
        fields.SALUTATION,
        FormField(
            "message",
            "Message",
            FormFieldKind.TEXT,
            required=True,
            is_unlabelled=True,
        ),
    ),
    is_for_several=True,
)
