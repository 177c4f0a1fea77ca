"""Reading notes: those of a visit, and those of all visits of a patient."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from db.models.booking import Appointment
from db.models.consultation import MedicalRecord
from db.models.doctor import Doctor
from services.consultations.notes import rows, visits
from services.consultations.notes.records import (
    EarlierNotes,
    NotesRecord,
    NotesVersion,
)
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action

_MOST_VISITS: Final = 100


def find(session: Session, actor: Actor, appointment_id: UUID) -> NotesRecord | None:
    """Return the notes of a visit, None if nothing was saved about it yet.

    Raises NoSuchVisit, NotTreated, NotAllowed.
    """
    visit = visits.get_readable(session, actor, appointment_id)
    notes = rows.find(session, appointment_id)
    if notes is not None:
        visits.record_access(session, actor, visit, version=notes.latest.number)
    return notes


def list_versions(
    session: Session, actor: Actor, appointment_id: UUID
) -> tuple[NotesVersion, ...]:
    """Return all versions of a visit's notes, the newest first.

    Raises NoSuchVisit, NotTreated, NotAllowed.
    """
    visit = visits.get_readable(session, actor, appointment_id)
    versions = session.execute(rows.versions(appointment_id))
    shown = tuple(map(rows.version_of, versions))
    visits.record_access(session, actor, visit, versions=len(shown))
    return shown


def list_of_patient(
    session: Session,
    actor: Actor,
    patient_id: UUID,
    *,
    before: datetime | None = None,
    limit: int = _MOST_VISITS,
) -> tuple[EarlierNotes, ...]:
    """Return the latest notes of a patient's visits, the latest visit first.

    With `before` only those of visits that began earlier. A clinician who does not
    treat the patient gets none. Raises NotAllowed.
    """
    actor.require(Permission.READ_RECORDS, patient_id)
    rows_of_patient = session.execute(
        select(
            MedicalRecord.appointment_id,
            Appointment.starts_at,
            Doctor.name,
            MedicalRecord.content,
        )
        .join(Appointment, Appointment.id == MedicalRecord.appointment_id)
        .join(Doctor, Doctor.id == MedicalRecord.doctor_id)
        .where(
            MedicalRecord.patient_id == patient_id,
            Appointment.starts_at < before if before else true(),
        )
        .order_by(Appointment.starts_at.desc(), MedicalRecord.id.desc())
        .limit(limit)
    )
    written = tuple(
        EarlierNotes(visit_id, visited_at, name, rows.notes_of(content))
        for visit_id, visited_at, name, content in rows_of_patient
    )
    audit.record(
        session,
        actor,
        Action.RECORD_READ,
        patient_id=patient_id,
        details={"visits": len(written)},
    )
    return written
