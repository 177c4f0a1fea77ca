"""How a new version of a patient's record is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal_column, update
from sqlalchemy.orm import Session

from db.models.patient import Patient
from services.patients.records import constraints
from services.patients.records.model import PatientRecord
from services.patients.records.rows import COLUMNS, record_of

# The old row, which PostgreSQL 18 returns beside the new one.
_BEFORE: Final = tuple(
    literal_column(f"old.{column.name}", column.type).label(f"old_{column.name}")
    for column in COLUMNS
)


@dataclass(frozen=True, slots=True)
class Change:
    """A record before and after a new version was written."""

    before: PatientRecord
    after: PatientRecord


def write_version(
    session: Session,
    patient_id: UUID,
    version: int,
    condition: ColumnElement[bool],
    values: Mapping[str, Any],
) -> Change | None:
    """Write the next version in one statement; of two writers, one finds no row."""
    statement = (
        update(Patient)
        .where(Patient.id == patient_id, Patient.version == version, condition)
        .values(**values, version=Patient.version + 1, updated_at=func.now())
        .returning(*_BEFORE, *COLUMNS)
        .execution_options(synchronize_session=False)
    )
    with constraints.translate_violations(session):
        row = session.execute(statement).one_or_none()
    if row is None:
        return None
    return Change(record_of(row[: len(_BEFORE)]), record_of(row[len(_BEFORE) :]))
