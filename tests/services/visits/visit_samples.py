"""Visits in any state, written as they are in the tables."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from db.models.booking import Appointment, Booking, BookingSlot, Slot
from services.visits.front_desk.appointments import new_code
from tests.kit import cast

TWENTY_MINUTES = timedelta(minutes=20)


def slot(session: Session, doctor_id: UUID, starts_at: datetime) -> UUID:
    """Add a slot of twenty minutes."""
    row = Slot(
        doctor_id=doctor_id, starts_at=starts_at, ends_at=starts_at + TWENTY_MINUTES
    )
    session.add(row)
    session.flush()
    return row.id


def visit(
    session: Session,
    doctor_id: UUID,
    patient_id: UUID,
    starts_at: datetime,
    *,
    note: str = "",
    **values: Any,
) -> UUID:
    """Add a visit with its slot and its confirmed booking."""
    slot_id = slot(session, doctor_id, starts_at)
    booking = Booking(
        slot_id=slot_id,
        doctor_id=doctor_id,
        patient_id=patient_id,
        status="confirmed",
        attempt=uuid4(),
        note=note,
        created_by=uuid4(),
        created_by_name=cast.CLEO.name,
        confirmed_at=starts_at - timedelta(days=7),
    )
    session.add(booking)
    session.flush()
    ends_at = starts_at + TWENTY_MINUTES
    session.add(
        BookingSlot(
            slot_id=slot_id,
            booking_id=booking.id,
            patient_id=patient_id,
            starts_at=starts_at,
            ends_at=ends_at,
            status="booked",
            # Tests that share a clinic give a patient many visits at the same time.
            may_overlap=True,
        )
    )
    row = Appointment(
        **{
            "booking_id": booking.id,
            "doctor_id": doctor_id,
            "patient_id": patient_id,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "code": new_code(),
        }
        | values
    )
    session.add(row)
    session.flush()
    return row.id


def soon(minutes: float = 30) -> datetime:
    """Return the time this many minutes from now."""
    return datetime.now(UTC) + timedelta(minutes=minutes)
