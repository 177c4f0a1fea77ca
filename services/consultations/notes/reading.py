"""Notes as they are read: those of a visit, and what was measured over time."""

from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.booking import Appointment
from db.models.consultation import MedicalRecord
from services.consultations.notes import rows, visits
from services.consultations.notes.records import (
    NotesRecord,
    NotesVersion,
    VisitMeasurements,
)
from services.core.actors import Actor

_MOST_MEASURED: Final = 100


def find(session: Session, actor: Actor, appointment_id: UUID) -> NotesRecord | None:
    """Return the notes of a visit, None if nothing was saved about it yet.

    Raises NoSuchVisit, NotTreated, NotAllowed.
    """
    visit = visits.to_read(session, actor, appointment_id)
    notes = rows.find(session, appointment_id)
    if notes is not None:
        visits.record_look(session, actor, visit, version=notes.latest.number)
    return notes


def list_versions(
    session: Session, actor: Actor, appointment_id: UUID
) -> tuple[NotesVersion, ...]:
    """Return all versions of a visit's notes, the newest first.

    Raises NoSuchVisit, NotTreated, NotAllowed.
    """
    visit = visits.to_read(session, actor, appointment_id)
    versions = session.execute(rows.versions(appointment_id))
    shown = tuple(map(rows.version_of, versions))
    visits.record_look(session, actor, visit, versions=len(shown))
    return shown


def list_measured(
    session: Session, actor: Actor, appointment_id: UUID
) -> tuple[VisitMeasurements, ...]:
    """Return what was measured at the visits of this visit's patient, oldest first.

    These are the last hundred at which anything was, this one included. Raises
    NoSuchVisit, NotTreated, NotAllowed.
    """
    visit = visits.to_read(session, actor, appointment_id)
    measured = MedicalRecord.content["vitals"]
    measurements = session.execute(
        select(MedicalRecord.appointment_id, Appointment.starts_at, measured)
        .join(Appointment, Appointment.id == MedicalRecord.appointment_id)
        .where(MedicalRecord.patient_id == visit.patient_id, measured.astext != "{}")
        .order_by(Appointment.starts_at.desc(), MedicalRecord.id.desc())
        .limit(_MOST_MEASURED)
    ).all()
    visits.record_look(session, actor, visit, measured=len(measurements))
    return tuple(
        VisitMeasurements(measured_at, visited_at, rows.vitals_of(values))
        for measured_at, visited_at, values in reversed(measurements)
    )
