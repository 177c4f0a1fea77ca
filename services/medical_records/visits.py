"""The visit that notes are about, as far as they need it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Appointment, Patient
from services import audit
from services.actors import Actor, Permission
from services.audit import Action
from services.medical_records.errors import NoSuchVisit, NotHeld, NotTreated

_NOT_HELD: Final = ("cancelled", "no-show")


@dataclass(frozen=True, slots=True)
class Visit:
    """Whose visit it is, with whom, and when."""

    id: UUID
    patient_id: UUID
    doctor_id: UUID
    starts_at: datetime
    status: str

    def require_held(self) -> None:
        """Raise NotHeld if the visit was cancelled or missed."""
        if self.status in _NOT_HELD:
            raise NotHeld


def to_read(session: Session, actor: Actor, appointment_id: UUID) -> Visit:
    """Return a visit whose notes the actor may read.

    Raises NoSuchVisit, NotTreated, NotAllowed.
    """
    actor.require(Permission.WRITE_RECORDS)
    row = session.execute(
        select(
            Appointment.id,
            Appointment.patient_id,
            Appointment.doctor_id,
            Appointment.starts_at,
            Appointment.status,
            Patient.id.label("shown"),
        )
        # Clinicians see who comes to them, and no more of a patient they do not treat.
        .outerjoin(Patient, Patient.id == Appointment.patient_id)
        .where(Appointment.id == appointment_id)
    ).one_or_none()
    if row is None:
        raise NoSuchVisit
    if row.shown is None:
        raise NotTreated(row.patient_id)
    return Visit(row.id, row.patient_id, row.doctor_id, row.starts_at, row.status)


def record_look(
    session: Session, actor: Actor, visit: Visit, **details: object
) -> None:
    """Write down that notes were read."""
    audit.record(
        session,
        actor,
        Action.RECORD_READ,
        patient_id=visit.patient_id,
        subject=("visit", visit.id),
        details=details,
    )
