"""Booking any doctor: a time with whichever doctor of a speciality is free then."""

from datetime import timedelta
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from db.models.booking import Appointment, Booking, BookingSlot, Slot
from db.models.doctor import Doctor
from services.core.actors import Actor
from services.visits.booking.bookings import holding, reading
from services.visits.booking.bookings.errors import AttemptKeyReused, NoSuchSlot
from services.visits.booking.bookings.records import (
    AnyRequest,
    BookingRecord,
    BookingRequest,
    BookingStatus,
)
from services.visits.booking.bookings.rows import NOW
from services.visits.booking.bookings.visibility import require_booking, writing_as

# Somebody who loses this many races at once has to choose again from what is free.
_MOST_TRIES: Final = 5
# Before and after a visit: what counts as around it.
_AROUND: Final = timedelta(hours=12)


def hold_any(session: Session, actor: Actor, request: AnyRequest) -> BookingRecord:
    """Hold a slot at that time with a doctor of the speciality, or fail as `hold` does.

    Doctors with the fewest visits around that time come first. The caller commits
    either way, then calls `require_held`. The same attempt again returns the earlier
    result. Raises NoSuchSlot when nobody is free, and what `hold` raises.
    """
    require_booking(actor, request.patient_id)
    if earlier := _find_earlier(session, actor, request):
        return earlier
    lost: BookingRecord | None = None
    # Not everybody may see how many visits a doctor has.
    with writing_as(session, actor):
        free = _list_free(session, request)
    for number, slot_id in enumerate(free):
        wanted = BookingRequest(
            slot_id=slot_id,
            patient_id=request.patient_id,
            attempt=_attempt(request.attempt, number),
            note=request.note,
            override_reason=request.override_reason,
        )
        booking = holding.hold(session, actor, wanted)
        if booking.status is not BookingStatus.FAILED:
            return booking
        lost = booking
    if lost is None:
        raise NoSuchSlot
    return lost


def _attempt(attempt: UUID, number: int) -> UUID:
    return uuid5(attempt, str(number))


def _find_earlier(
    session: Session, actor: Actor, request: AnyRequest
) -> BookingRecord | None:
    """Return the attempt's earlier result: what it won, else what it lost last.

    Raises AttemptKeyReused if that was for somebody else, or at another time.
    """
    made = [_attempt(request.attempt, number) for number in range(_MOST_TRIES)]
    bookings = reading.find(
        session, actor, Booking.created_by == actor.id, Booking.attempt.in_(made)
    )
    won = [
        booking for booking in bookings if booking.status is not BookingStatus.FAILED
    ]
    earlier = next(iter([*won, *reversed(bookings)]), None)
    if earlier is None:
        return None
    wanted = (request.patient_id, request.starts_at)
    if (earlier.patient_id, earlier.starts_at) != wanted:
        raise AttemptKeyReused
    return earlier


def _list_free(session: Session, request: AnyRequest) -> list[UUID]:
    is_taken = exists().where(
        BookingSlot.slot_id == Slot.id,
        BookingSlot.expires_at.is_(None) | (BookingSlot.expires_at > NOW),
    )
    busy = (
        select(func.count())
        .where(
            Appointment.doctor_id == Slot.doctor_id,
            Appointment.status == "scheduled",
            Appointment.starts_at.between(
                Slot.starts_at - _AROUND, Slot.starts_at + _AROUND
            ),
        )
        .correlate(Slot)
        .scalar_subquery()
    )
    rows = session.scalars(
        select(Slot.id)
        .join(Doctor, Doctor.id == Slot.doctor_id)
        .where(
            func.fold(Doctor.speciality) == func.fold(request.speciality),
            Doctor.is_active,
            Doctor.deleted_at.is_(None),
            Slot.starts_at == request.starts_at,
            Slot.starts_at > NOW,
            Slot.withdrawn_at.is_(None),
            ~Slot.is_leaving,
            ~is_taken,
        )
        .order_by(busy, func.random())
        .limit(_MOST_TRIES)
    )
    return list(rows)
