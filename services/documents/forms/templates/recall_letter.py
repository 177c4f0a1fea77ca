"""A recall letter: asks a patient to come for something that is due."""

from typing import Final

from services.documents.forms import fields
from services.documents.forms.fields import FormField, FormFieldKind
from services.documents.forms.template import Template

TEMPLATE: Final = Template(
    name="recall_letter",
    title="Recall letter",
    document_type="correspondence",
    summary="Asks the patient to come: a check-up, a vaccination, a blood test.",
    fields=(
        fields.NAME,
        fields.RECORD_NUMBER,
        fields.DATE_OF_BIRTH,
        fields.ADDRESS,
        FormField(
            "due",
            "What is due",
            required=True,
            help="For example the yearly check-up, or a tetanus vaccination.",
        ),
        FormField(
            "due_by", "Please come by", FormFieldKind.DATE, is_left_out_if_empty=True
        ),
        FormField(
            "bring",
            "Please bring",
            help="For example the vaccination card.",
            is_left_out_if_empty=True,
        ),
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
