"""Turns a row of the patients table into a patient, named or not."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from itertools import repeat
from operator import call
from typing import Any, Final

from sqlalchemy.orm import InstrumentedAttribute

from db.models.patient import Patient
from services.patients.records.model import (
    LISTS,
    PatientRecord,
    PseudonymisedPatient,
    Sex,
)

_NAMES: Final = tuple(field.name for field in fields(PatientRecord))
# Columns that only archived records may have (for each, a constraint keeps it NULL in
# the others): lists of records in daily use neither read nor send them.
_OF_ARCHIVED: Final = ("deleted_at", "merged_into_id", "erased_at")
_NAMES_IN_USE: Final = tuple(name for name in _NAMES if name not in _OF_ARCHIVED)
_PSEUDONYMISED: Final = tuple(field.name for field in fields(PseudonymisedPatient))
# In the order of the fields: all columns of a record, all of one in daily use, and all
# that analysts may read.
COLUMNS: Final[tuple[InstrumentedAttribute[Any], ...]] = tuple(
    getattr(Patient, name) for name in _NAMES
)
COLUMNS_IN_USE: Final[tuple[InstrumentedAttribute[Any], ...]] = tuple(
    getattr(Patient, name) for name in _NAMES_IN_USE
)
PSEUDONYMISED_COLUMNS: Final[tuple[InstrumentedAttribute[Any], ...]] = tuple(
    getattr(Patient, name) for name in _PSEUDONYMISED
)

# The fields that a person fills in come first, in both orders.
_SEX: Final = _NAMES.index("sex")
_LISTS: Final = tuple(map(_NAMES.index, LISTS))
_SEXES: Final = {sex.value: sex for sex in Sex}
# Lists create records by the thousand. A frozen dataclass fills its fields one by one
# through object.__setattr__; calling its slots directly takes less than half the time.
_Fill = tuple[Callable[[PatientRecord, Any], None], ...]
_FILL: Final[_Fill] = tuple(getattr(PatientRecord, name).__set__ for name in _NAMES)
_FILL_IN_USE: Final[_Fill] = tuple(
    getattr(PatientRecord, name).__set__ for name in (*_NAMES_IN_USE, *_OF_ARCHIVED)
)
_NONE_OF_ARCHIVED: Final = (None,) * len(_OF_ARCHIVED)


def record_of(row: Sequence[Any]) -> PatientRecord:
    """Return the patient in a row of exactly COLUMNS."""
    return _filled([*row], _FILL)


def active_record_of(row: Sequence[Any]) -> PatientRecord:
    """Return the patient in a row of exactly COLUMNS_IN_USE, who is in daily use."""
    return _filled([*row, *_NONE_OF_ARCHIVED], _FILL_IN_USE)


def _filled(values: list[Any], fill: _Fill) -> PatientRecord:
    if len(values) != len(fill):
        raise ValueError(f"{len(values)} values for {len(fill)} columns")
    values[_SEX] = _SEXES[values[_SEX]]
    for position in _LISTS:
        values[position] = tuple(values[position])
    record = object.__new__(PatientRecord)
    # The loop runs in C: in Python it was most of a list's cost outside PostgreSQL.
    deque(map(call, fill, repeat(record), values), maxlen=0)
    return record


def pseudonymised_of(row: Sequence[Any]) -> PseudonymisedPatient:
    """Return the patient in a row of exactly PSEUDONYMISED_COLUMNS."""
    values = dict(zip(_PSEUDONYMISED, row, strict=True))
    values["sex"] = _SEXES[values["sex"]]
    for name in LISTS:
        values[name] = tuple(values[name])
    for name in ("created_at", "updated_at", "deleted_at"):
        values[name] = values[name] and _month(values[name])
    return PseudonymisedPatient(**values)


def _month(timestamp: datetime) -> datetime:
    return timestamp.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
