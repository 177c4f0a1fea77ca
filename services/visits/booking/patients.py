"""Patients for whom visits are booked: who may know of them, and who is in use."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.patient import Patient
from services.core.actors import Actor, Role
from services.patients.records import rows
from services.patients.records.refusals import (
    NoSuchPatient,
    PatientArchived,
    PatientDeceased,
)


def require_patient(session: Session, actor: Actor, patient_id: UUID) -> None:
    """Raise NoSuchPatient unless the actor may know of the patient.

    Whether the record is in use is found out when the booking is made.
    """
    if actor.role is Role.STAFF:
        return
    if actor.role is Role.PATIENT:
        is_known = actor.patient_id == patient_id
    else:
        known = select(Patient.id).where(Patient.id == patient_id)
        is_known = session.scalar(known) is not None
    if not is_known:
        raise NoSuchPatient(patient_id)


def require_in_use(session: Session, patient_id: UUID) -> None:
    """Raise the reason why nobody can be booked under the id.

    Raises NoSuchPatient, PatientArchived, PatientDeceased.
    """
    patient = select(*rows.COLUMNS).where(Patient.id == patient_id)
    row = session.execute(patient).one_or_none()
    if row is None:
        raise NoSuchPatient(patient_id)
    current = rows.record_of(row)
    if current.is_archived:
        raise PatientArchived(current)
    if current.deceased_on:
        raise PatientDeceased
