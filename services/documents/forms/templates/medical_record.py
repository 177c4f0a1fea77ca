"""A medical record: what somebody who treats this patient must know."""

from typing import Final

from services.documents.forms import fields
from services.documents.forms.template import Template

TEMPLATE: Final = Template(
    name="medical_record",
    title="Medical record",
    document_type="medical_record",
    summary="Diagnosis, allergies and anything else a colleague must know.",
    fields=(
        fields.NAME,
        fields.RECORD_NUMBER,
        fields.DATE_OF_BIRTH,
        fields.DIAGNOSIS,
        fields.ALLERGIES,
        fields.MEDICAL_INFORMATION,
    ),
)
