"""Visits of a clinician without notes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.booking import Appointment
from db.models.consultation import MedicalRecord
from db.models.doctor import Doctor
from db.models.patient import LISTED_NAME, PATIENT_NAME, Patient
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action

_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class UnwrittenVisit:
    """A visit that is over and has no notes.

    `listed_name` is the patient's name with the last name first.
    """

    id: UUID
    starts_at: datetime
    patient_id: UUID
    patient_name: str
    listed_name: str


def list_unwritten(
    session: Session, actor: Actor, since: datetime
) -> tuple[UnwrittenVisit, ...]:
    """Return the actor's own completed visits without notes, the newest first.

    These are at most fifty. Raises NotAllowed.
    """
    actor.require(Permission.WRITE_RECORDS)
    rows = session.execute(
        select(
            Appointment.id,
            Appointment.starts_at,
            Appointment.patient_id,
            PATIENT_NAME,
            LISTED_NAME,
        )
        .join(Doctor, Doctor.id == Appointment.doctor_id)
        .join(Patient, Patient.id == Appointment.patient_id)
        .where(
            Doctor.user_id == actor.id,
            Appointment.status == "completed",
            Appointment.starts_at >= since,
            ~select(MedicalRecord.id)
            .where(MedicalRecord.appointment_id == Appointment.id)
            .exists(),
        )
        .order_by(Appointment.starts_at.desc(), Appointment.id)
        .limit(_MOST)
    )
    listed = tuple(UnwrittenVisit(*row) for row in rows)
    audit.record(
        session,
        actor,
        Action.VISIT_LIST,
        details={"patients": sorted({visit.patient_id for visit in listed})},
    )
    return listed
