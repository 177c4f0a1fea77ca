"""How a row of the patients table becomes a patient, named or not."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, Final

from sqlalchemy.orm import InstrumentedAttribute

from db.models import Patient
from services.patients.records.model import PatientRecord, Sex, UnnamedPatient

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

# In the order of UnnamedPatient's fields: all that analysts may read.
UNNAMED_COLUMNS: Final[tuple[InstrumentedAttribute[Any], ...]] = (
    Patient.id,
    Patient.initials,
    Patient.birth_year,
    Patient.sex,
    Patient.allergies,
    Patient.no_known_allergies,
    Patient.medical_history,
    Patient.current_medications,
    Patient.created_at,
    Patient.updated_at,
    Patient.deleted_at,
)

_NAMES: Final = tuple(field.name for field in fields(PatientRecord))
_SEX: Final = _NAMES.index("sex")
_LIST_NAMES: Final = ("allergies", "medical_history", "current_medications")
_LISTS: Final = tuple(map(_NAMES.index, _LIST_NAMES))
_UNNAMED: Final = tuple(field.name for field in fields(UnnamedPatient))
_SEXES: Final = {sex.value: sex for sex in Sex}
# Lists make records by the thousand. A frozen dataclass fills its fields one by one
# through object.__setattr__; its slots, asked directly, take less than half the time.
_FILL: Final[tuple[Callable[[PatientRecord, Any], None], ...]] = tuple(
    getattr(PatientRecord, name).__set__ for name in _NAMES
)


def record_of(row: Sequence[Any]) -> PatientRecord:
    """Return the patient in a row of exactly COLUMNS."""
    values = list(row)
    values[_SEX] = _SEXES[values[_SEX]]
    for position in _LISTS:
        values[position] = tuple(values[position])
    record = object.__new__(PatientRecord)
    for fill, value in zip(_FILL, values, strict=True):
        fill(record, value)
    return record


def unnamed_of(row: Sequence[Any]) -> UnnamedPatient:
    """Return the patient in a row of exactly UNNAMED_COLUMNS."""
    values = dict(zip(_UNNAMED, row, strict=True))
    values["sex"] = _SEXES[values["sex"]]
    for name in _LIST_NAMES:
        values[name] = tuple(values[name])
    return UnnamedPatient(**values)
