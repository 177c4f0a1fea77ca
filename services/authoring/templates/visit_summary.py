"""A visit summary: what was found and decided, for the patient to take home."""

from typing import Final

from services.authoring import fields
from services.authoring.fields import Field, Kind
from services.authoring.template import Template

TEMPLATE: Final = Template(
    name="visit_summary",
    title="Visit summary",
    document_type="visit_summary",
    summary="What was found and decided at a visit.",
    fields=(
        fields.NAME,
        fields.DATE_OF_BIRTH,
        Field(
            "visited_on",
            "Date of visit",
            Kind.DATE,
            required=True,
            is_past=True,
            not_before="date_of_birth",
        ),
        Field("reason", "Reason for the visit", Kind.TEXT),
        Field("findings", "Findings", Kind.TEXT),
        fields.DIAGNOSIS,
        Field("plan", "Plan", Kind.TEXT, help="Treatment, and when to come back."),
        fields.MEDICATION,
        fields.ALLERGIES,
    ),
)
