"""A doctor's slots, and holds made older than they are."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.models.booking import Appointment, Booking, BookingSlot, Slot
from db.models.consultation import MedicalRecord
from db.models.doctor import Doctor
from services.visits.booking import bookings
from services.visits.booking.bookings import (
    BookingRecord,
    BookingRequest,
    BookingStatus,
)

MINUTES = 20
# Far enough ahead for every rule about short notice, and all on one day.
FIRST = datetime.combine(
    datetime.now(UTC).date() + timedelta(days=7), time(9), tzinfo=UTC
)


def slot(
    session: Session, of: Doctor, number: int = 0, *, starts_at: datetime | None = None
) -> UUID:
    """Offer the doctor's slot with this number, counted from the first one."""
    begins = starts_at or FIRST + number * timedelta(minutes=MINUTES)
    row = Slot(
        doctor_id=of.id, starts_at=begins, ends_at=begins + timedelta(minutes=MINUTES)
    )
    session.add(row)
    session.flush()
    return row.id


def wanting(slot_id: UUID, patient_id: UUID, **values) -> BookingRequest:
    return BookingRequest(
        **{"slot_id": slot_id, "patient_id": patient_id, "attempt": uuid4()} | values
    )


def hold(session: Session, actor, slot_id: UUID, patient_id: UUID, **values):
    """Hold the slot, or raise SlotTaken."""
    request = wanting(slot_id, patient_id, **values)
    return bookings.require_held(bookings.hold(session, actor, request))


def move(session: Session, actor, booking_id: UUID, slot_id: UUID, attempt: UUID):
    """Move a visit as pages and programs do, in one transaction."""
    before = bookings.get(session, actor, booking_id)
    request = wanting(
        slot_id,
        before.patient_id,
        attempt=attempt,
        note=before.note,
        replaces_id=before.id,
    )
    held = bookings.hold(session, actor, request)
    if held.status is BookingStatus.FAILED:
        return held
    return bookings.confirm(session, actor, held.id)


def let_pass(session: Session, booking: BookingRecord, seconds: float) -> None:
    """Make the hold this much older, also one that has ended."""
    earlier = timedelta(seconds=seconds)
    for table, key in ((BookingSlot, BookingSlot.booking_id), (Booking, Booking.id)):
        session.execute(
            update(table)
            .where(key == booking.id)
            .values(expires_at=table.expires_at - earlier)
            .execution_options(synchronize_session=False)
        )
    session.execute(
        update(Booking)
        .where(Booking.id == booking.id)
        .values(ended_at=Booking.ended_at - earlier)
        .execution_options(synchronize_session=False)
    )


def begin(session: Session, booking: BookingRecord) -> None:
    """Move the visit's start to five minutes ago."""
    for table, key in (
        (Slot, Slot.id == booking.slot_id),
        (BookingSlot, BookingSlot.slot_id == booking.slot_id),
        (Appointment, Appointment.booking_id == booking.id),
    ):
        session.execute(
            update(table)
            .where(key)
            .values(
                starts_at=func.now() - timedelta(minutes=5),
                ends_at=func.now() + timedelta(minutes=15),
            )
            .execution_options(synchronize_session=False)
        )


def write_notes(session: Session, booking: BookingRecord) -> None:
    """Save a note of the booking's visit."""
    visit = session.get_one(Appointment, booking.appointment_id)
    of = {"patient_id": visit.patient_id, "doctor_id": visit.doctor_id}
    session.add(
        MedicalRecord(appointment_id=visit.id, content={"complaint": "Cough"}, **of)
    )
    session.flush()


def holders(session: Session, slot_id: UUID) -> list[UUID]:
    """Return the bookings that have the slot, live or not."""
    rows = select(BookingSlot.booking_id).where(BookingSlot.slot_id == slot_id)
    return list(session.scalars(rows))


def count(session: Session, table, *conditions) -> int:
    return session.scalar(select(func.count()).select_from(table).where(*conditions))
