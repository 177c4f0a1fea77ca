"""A message to the clinic, written by a patient in their own words."""

from typing import Final

from services.documents.forms import fields
from services.documents.forms.fields import FormField, FormFieldKind
from services.documents.forms.template import Template

TEMPLATE: Final = Template(
    name="message_to_clinic",
    title="Message to the clinic",
    document_type="correspondence",
    summary=(
        "For anything that can wait a few days. In an emergency, call the emergency "
        "number."
    ),
    fields=(
        fields.NAME,
        fields.RECORD_NUMBER,
        fields.DATE_OF_BIRTH,
        FormField("subject", "Subject", required=True),
        FormField("message", "Message", FormFieldKind.TEXT, required=True),
        FormField("reach", "How you can be reached", help="Phone or e-mail."),
    ),
    is_for_patients=True,
)
