"""A sick note: that somebody cannot work and for how long, but not why."""

from typing import Final

from services.documents.forms import fields
from services.documents.forms.fields import FormField, FormFieldKind
from services.documents.forms.template import Template

TEMPLATE: Final = Template(
    name="sick_note",
    title="Sick note",
    document_type="sick_note",
    summary="For an employer or a school; it names no illness.",
    fields=(
        fields.NAME,
        fields.RECORD_NUMBER,
        fields.DATE_OF_BIRTH,
        FormField(
            "unfit_from",
            "Unfit from",
            FormFieldKind.DATE,
            required=True,
            not_before="date_of_birth",
        ),
        FormField(
            "unfit_until",
            "Unfit until",
            FormFieldKind.DATE,
            required=True,
            not_before="unfit_from",
        ),
        FormField("unfit_for", "Unfit for", help="For example work, or school sports."),
        fields.REMARKS,
    ),
)
