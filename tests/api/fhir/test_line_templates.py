"""A line of an export is what the mapping returns, byte for byte."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from api.core.answers import to_json
from api.fhir.definitions import instant
from api.fhir.resources.patients import FIELDS_READ, patient_lines, patient_resource
from services.patients.records.model import PatientRecord, Sex
from services.patients.records.rows import record_of_some
from tests.kit import cast

AT = datetime(2026, 11, 20, 12, 0, 0, 250, tzinfo=UTC)
ADA = PatientRecord(
    **{name: getattr(cast.ADA, name) for name in cast.ADA.__dataclass_fields__},
    id=UUID(int=1),
    record_number="4K7P2X",
    photo_file_id=None,
    version=3,
    created_at=AT,
    updated_at=AT,
    deleted_at=None,
    merged_into_id=None,
)
BARE = replace(ADA, phone_number=None, email=None, address=None, emergency_contact=None)
ODD = [
    pytest.param(ADA, id="somebody"),
    pytest.param(BARE, id="nothing that may be missing"),
    pytest.param(replace(ADA, sex=Sex.OTHER), id="another sex"),
    pytest.param(replace(ADA, deleted_at=AT), id="archived"),
    pytest.param(replace(ADA, deleted_at=AT, merged_into_id=UUID(int=2)), id="merged"),
    pytest.param(replace(ADA, deceased_on=date(2026, 1, 2)), id="dead"),
    pytest.param(replace(ADA, last_name='O"Neil \\ \t\n\x01\x1f'), id="escaped"),
    pytest.param(replace(ADA, last_name="100 % %s %(a)s {0}"), id="per cent"),
    pytest.param(replace(ADA, first_name="Zoë 李 😀 \u2028\x7f"), id="other letters"),
    pytest.param(replace(ADA, first_name="\ue0003\ue001"), id="like a placeholder"),
    pytest.param(replace(ADA, address="", emergency_contact=""), id="empty"),
]


def row_of(patient: PatientRecord) -> tuple[str | None, ...]:
    values = (getattr(patient, name) for name in FIELDS_READ)
    return tuple(map(as_text, values))


def as_text(value: object) -> str | None:
    match value:
        case None:
            return None
        case datetime():
            return instant(value)
        case date():
            return value.isoformat()
        case _:
            return str(value)


@pytest.mark.parametrize("patient", ODD)
def test_a_line_is_what_the_mapping_returns(patient):
    lines = patient_lines()
    # The template is made of one patient, and used of another.
    lines.line(row_of(replace(patient, first_name="Bea", last_name="Beeblebrox")))

    assert lines.line(row_of(patient)) == to_json(patient_resource(patient))


def test_patients_of_all_shapes_share_no_template():
    lines = patient_lines()

    for patient in (case.values[0] for case in ODD * 2):
        assert lines.line(row_of(patient)) == to_json(patient_resource(patient))


def test_what_the_mapping_asks_of_a_record_is_read():
    with pytest.raises(AttributeError):
        patient_resource(record_of_some({"sex": Sex.MALE}))
