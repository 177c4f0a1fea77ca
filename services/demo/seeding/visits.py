"""A few visits of the demo's clinician: over, waiting, and still to come."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from db.models.booking import Appointment, Booking, BookingSlot, Slot
from db.models.care import CareRelationship
from db.models.doctor import Doctor
from db.models.patient import Patient
from services.core import audit
from services.core.audit import Action
from services.demo.seeding.blocks import SEEDER_ID
from services.visits.front_desk.appointments import new_code
from services.visits.schedule.slots.taken import IS_FREE

_DEMO: Final = "demo"
_VISIT: Final = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A visit of today that was due to begin `slots_ago` slots ago."""

    slots_ago: int
    status: str
    note: str


_BEGUN: Final = (
    _Begun(4, "completed", "Blood pressure"),
    _Begun(3, "no-show", "Vaccination"),
    _Begun(2, "checked-in", "Cough for a week"),
    _Begun(1, "checked-in", "Results of the blood test"),
)
# In this order they get the next free slots.
_TO_COME: Final = (
    "Back pain",
    "Travel advice",
    "Check-up",
    "Headaches",
    "Repeat visit",
)


def ensure_demo_visits(session: Session) -> int:
    """Give the demo's clinician a few visits, once; return how many.

    Only invented patients whom the clinician treats get one, the demo's own patient
    among them. The caller commits.
    """
    doctor = session.scalars(select(Doctor).where(Doctor.source == _DEMO)).first()
    if doctor is None or session.scalar(
        select(exists().where(Booking.doctor_id == doctor.id))
    ):
        return 0
    patients = _patients(session, doctor)
    begun = list(zip(_BEGUN, patients, strict=False))
    for visit, patient_id in begun:
        _begin(session, doctor.id, visit, patient_id)
    coming = list(
        zip(_free(session, doctor.id), _TO_COME, patients[len(begun) :], strict=False)
    )
    for slot, note, patient_id in coming:
        _book(session, slot, patient_id, note, "scheduled")
    made = len(begun) + len(coming)
    if made:
        details = {"source": _DEMO, "new": made}
        audit.record(session, None, Action.BOOKING_CONFIRM, details=details)
    return made


def _patients(session: Session, doctor: Doctor) -> list[UUID]:
    """Return whom the clinician treats; the demo's own patient is the first to come."""
    treated = session.execute(
        select(Patient.id, Patient.source)
        .join(CareRelationship, CareRelationship.patient_id == Patient.id)
        .where(
            CareRelationship.clinician_id == doctor.user_id,
            CareRelationship.ended_at.is_(None),
            Patient.deleted_at.is_(None),
        )
        .order_by(Patient.source != _DEMO, Patient.source_id)
        .limit(len(_BEGUN) + len(_TO_COME))
    ).all()
    own = [patient_id for patient_id, source in treated if source == _DEMO]
    others = [patient_id for patient_id, source in treated if source != _DEMO]
    return others[: len(_BEGUN)] + own + others[len(_BEGUN) :]


def _free(session: Session, doctor_id: UUID) -> list[Slot]:
    return list(
        session.scalars(
            select(Slot)
            .where(Slot.doctor_id == doctor_id, IS_FREE)
            .order_by(Slot.starts_at)
            .limit(len(_TO_COME))
        )
    )


def _begin(session: Session, doctor_id: UUID, visit: _Begun, patient_id: UUID) -> None:
    now = session.scalars(select(func.clock_timestamp())).one()
    starts_at = _on_grid(now) - visit.slots_ago * _VISIT
    slot = Slot(doctor_id=doctor_id, starts_at=starts_at, ends_at=starts_at + _VISIT)
    session.add(slot)
    session.flush()
    _book(session, slot, patient_id, visit.note, visit.status)


def _on_grid(timestamp: datetime) -> datetime:
    return timestamp.replace(
        minute=timestamp.minute // 20 * 20, second=0, microsecond=0
    )


def _book(
    session: Session, slot: Slot, patient_id: UUID, note: str, status: str
) -> None:
    booking = Booking(
        slot_id=slot.id,
        doctor_id=slot.doctor_id,
        patient_id=patient_id,
        status="confirmed",
        attempt=uuid4(),
        note=note,
        created_by=SEEDER_ID,
        created_by_name="seed",
        confirmed_at=func.now(),
    )
    session.add(booking)
    session.flush()
    came = slot.starts_at - timedelta(minutes=5)
    times = {"starts_at": slot.starts_at, "ends_at": slot.ends_at}
    session.add_all(
        (
            BookingSlot(
                slot_id=slot.id,
                booking_id=booking.id,
                patient_id=patient_id,
                status="booked",
                **times,
            ),
            Appointment(
                booking_id=booking.id,
                doctor_id=slot.doctor_id,
                patient_id=patient_id,
                status=status,
                code=new_code(),
                checked_in_at=came if status in {"checked-in", "completed"} else None,
                completed_at=slot.ends_at if status == "completed" else None,
                **times,
            ),
        )
    )
    session.flush()
