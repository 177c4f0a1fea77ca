"""Converting rows to notes, and notes to the content of a row."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from db.models.consultation import MedicalRecord, MedicalRecordVersion
from services.consultations.notes.records import (
    Notes,
    NotesRecord,
    NotesVersion,
)

_NOTES: Final = TypeAdapter(Notes)
VERSION_COLUMNS: Final = (
    MedicalRecordVersion.number,
    MedicalRecordVersion.content,
    MedicalRecordVersion.author_id,
    MedicalRecordVersion.author_name,
    MedicalRecordVersion.created_at,
    MedicalRecordVersion.as_of,
)


def content_of(notes: Notes) -> dict[str, Any]:
    """Return the notes as content of a row, with only the measured vital signs.

    A code of ICD-10 is stored without its system.
    """
    content = asdict(notes)
    for diagnosis in content["diagnoses"]:
        if not diagnosis["system"]:
            del diagnosis["system"]
    measured = content["vitals"]
    content["vitals"] = {n: v for n, v in measured.items() if v is not None}
    return content


def notes_of(content: Mapping[str, Any]) -> Notes:
    """Return the notes from the content of a row."""
    return _NOTES.validate_python(content)


def version_of(row: Sequence[Any]) -> NotesVersion:
    """Return the version from a row of exactly VERSION_COLUMNS."""
    number, content, *rest = row
    return NotesVersion(number, notes_of(content), *rest)


def find(session: Session, appointment_id: UUID) -> NotesRecord | None:
    """Return the notes of the visit, None if nothing was saved yet."""
    row = session.execute(
        select(MedicalRecord.id, MedicalRecord.patient_id, *VERSION_COLUMNS)
        .join(
            MedicalRecordVersion,
            and_(
                MedicalRecordVersion.record_id == MedicalRecord.id,
                MedicalRecordVersion.number == MedicalRecord.number,
            ),
        )
        .where(MedicalRecord.appointment_id == appointment_id)
    ).one_or_none()
    if row is None:
        return None
    record_id, patient_id, *version = row
    return NotesRecord(record_id, appointment_id, patient_id, version_of(version))


def versions(appointment_id: UUID) -> Select[*tuple[Any, ...]]:
    """Return the query for all versions of a visit's notes, the newest first."""
    return (
        select(*VERSION_COLUMNS)
        .join(MedicalRecord, MedicalRecord.id == MedicalRecordVersion.record_id)
        .where(MedicalRecord.appointment_id == appointment_id)
        .order_by(MedicalRecordVersion.number.desc())
    )
