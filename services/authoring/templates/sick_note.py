"""A sick note: that somebody cannot work, and for how long, but not why."""

from typing import Final

from services.authoring import fields
from services.authoring.fields import Field, Kind
from services.authoring.template import Template

TEMPLATE: Final = Template(
    name="sick_note",
    title="Sick note",
    document_type="sick_note",
    summary="For an employer or a school; it names no illness.",
    fields=(
        fields.NAME,
        fields.DATE_OF_BIRTH,
        Field(
            "unfit_from",
            "Unfit from",
            Kind.DATE,
            required=True,
            not_before="date_of_birth",
        ),
        Field(
            "unfit_until",
            "Unfit until",
            Kind.DATE,
            required=True,
            not_before="unfit_from",
        ),
        Field("unfit_for", "Unfit for", help="For example work, or school sports."),
        fields.REMARKS,
    ),
)
