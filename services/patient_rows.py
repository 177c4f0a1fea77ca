"""How a row of the patients table becomes a PatientRecord."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.orm import InstrumentedAttribute

from db.models import Patient
from services.patient_records import PatientRecord, Sex

# In the order of PatientRecord's fields; record_of relies on it.
COLUMNS: Final[tuple[InstrumentedAttribute[Any], ...]] = (
    Patient.id,
    Patient.first_name,
    Patient.last_name,
    Patient.date_of_birth,
    Patient.sex,
    Patient.email,
    Patient.phone_number,
    Patient.address,
    Patient.emergency_contact,
    Patient.allergies,
    Patient.no_known_allergies,
    Patient.medical_history,
    Patient.current_medications,
    Patient.photo_file_id,
    Patient.version,
    Patient.created_at,
    Patient.updated_at,
    Patient.deleted_at,
    Patient.merged_into_id,
)
# A fifth of what Sex(...) takes; lists make thousands of records.
_SEXES: Final = {sex.value: sex for sex in Sex}


def record_of(row: Sequence[Any]) -> PatientRecord:
    """Return the patient in a row of exactly COLUMNS."""
    return PatientRecord(
        id=row[0],
        first_name=row[1],
        last_name=row[2],
        date_of_birth=row[3],
        sex=_SEXES[row[4]],
        email=row[5],
        phone_number=row[6],
        address=row[7],
        emergency_contact=row[8],
        allergies=tuple(row[9]),
        no_known_allergies=row[10],
        medical_history=tuple(row[11]),
        current_medications=tuple(row[12]),
        photo_file_id=row[13],
        version=row[14],
        created_at=row[15],
        updated_at=row[16],
        deleted_at=row[17],
        merged_into_id=row[18],
    )
