"""Visits to write about, straight in the tables."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from db.models import Appointment, Booking, Doctor, Slot
from services import medical_records
from services.actors import Actor
from services.medical_records import NotesRecord

NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
_CODES = count()


def doctor(session: Session, user_id: UUID | None = None) -> Doctor:
    """Keep a doctor, whom the clinician signs in as if one is named."""
    kept = Doctor(name=f"Dr. {uuid4().hex[:6]}", speciality="Practice", user_id=user_id)
    session.add(kept)
    session.flush()
    return kept


def visit(
    session: Session,
    patient_id: UUID,
    *,
    days_ago: int = 0,
    with_: Doctor | None = None,
    **values: Any,
) -> Appointment:
    """Keep a visit of the patient at noon of some day, checked in by default."""
    seen_by = with_ or doctor(session)
    starts_at = NOON - timedelta(days=days_ago)
    ends_at = starts_at + timedelta(minutes=20)
    slot = Slot(doctor_id=seen_by.id, starts_at=starts_at, ends_at=ends_at)
    session.add(slot)
    session.flush()
    booking = Booking(
        slot_id=slot.id,
        doctor_id=seen_by.id,
        patient_id=patient_id,
        status="confirmed",
        attempt=uuid4(),
        created_by=uuid4(),
        created_by_name="Cleo Clerk",
    )
    session.add(booking)
    session.flush()
    kept = Appointment(
        booking_id=booking.id,
        doctor_id=seen_by.id,
        patient_id=patient_id,
        starts_at=starts_at,
        ends_at=ends_at,
        code=f"{next(_CODES):010}",
        **({"status": "checked-in"} | values),
    )
    session.add(kept)
    session.flush()
    return kept


def save(
    session: Session, actor: Actor, about: Appointment, number: int = 0, **typed: str
) -> NotesRecord:
    """Save notes of a visit, with a complaint if nothing else is said."""
    written = typed or {"complaint": "Headache"}
    return medical_records.save(session, actor, about.id, written, number=number)
