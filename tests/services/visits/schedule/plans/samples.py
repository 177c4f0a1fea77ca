"""A doctor with a plan, and holds and visits in the slots made from it."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.booking import Booking, BookingSlot, Slot
from db.models.patient import Patient
from services.visits.schedule.plans import Calendar, Hours
from tests.kit import cast

BERLIN: Final = ZoneInfo("Europe/Berlin")
FORTNIGHT: Final = Calendar("Europe/Berlin", 14)
MORNING: Final = tuple(Hours(day, time(9), time(11)) for day in range(1, 8))


def doctor(session: Session, **values: object) -> UUID:
    """Add a doctor whose visits last half an hour."""
    return cast.add_doctor(session, **{"slot_minutes": 30} | values).id


def tomorrow(clock: time = time(0)) -> datetime:
    return on(datetime.now(BERLIN).date() + timedelta(days=1), clock)


def next_day() -> date:
    """Return tomorrow; asked in each test, since a run may pass midnight."""
    return tomorrow().date()


def on(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, BERLIN)


def slots_of(session: Session, doctor_id: UUID, day: date) -> list[Slot]:
    """Return the doctor's slots on a day of the clinic, as stored."""
    offered = select(Slot).where(
        Slot.doctor_id == doctor_id, Slot.withdrawn_at.is_(None)
    )
    slots = session.scalars(
        offered.order_by(Slot.starts_at).execution_options(populate_existing=True)
    )
    return [slot for slot in slots if slot.starts_at.astimezone(BERLIN).date() == day]


def times_of(session: Session, doctor_id: UUID, day: date) -> list[str]:
    return [
        f"{slot.starts_at.astimezone(BERLIN):%H:%M}"
        for slot in slots_of(session, doctor_id, day)
    ]


def take(
    session: Session, slot: Slot, whose: Patient, *, seconds: float | None = None
) -> UUID:
    """Book the slot, or hold it for this many seconds, for a patient."""
    ends_at = (
        None if seconds is None else datetime.now(UTC) + timedelta(seconds=seconds)
    )
    booking = Booking(
        slot_id=slot.id,
        doctor_id=slot.doctor_id,
        patient_id=whose.id,
        status="confirmed" if ends_at is None else "pending",
        attempt=uuid4(),
        expires_at=ends_at,
        created_by=uuid4(),
        created_by_name=cast.CLEO.name,
    )
    session.add(booking)
    session.flush()
    session.add(
        BookingSlot(
            slot_id=slot.id,
            booking_id=booking.id,
            patient_id=whose.id,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            status="booked" if ends_at is None else "held",
            expires_at=ends_at,
        )
    )
    session.flush()
    return booking.id
