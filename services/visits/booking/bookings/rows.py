"""Turns rows of the bookings table into bookings, by the database's clock."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Select, case, extract, func, select

from db.models.booking import Appointment, Booking, Slot
from db.models.doctor import Doctor
from services.visits.booking.bookings.records import (
    HOLD_SECONDS,
    BookingRecord,
    BookingStatus,
)

# Not now(): a transaction may have begun while the hold still lasted.
NOW: Final = func.clock_timestamp()
IS_LIVE: Final = (Booking.status == BookingStatus.PENDING) & (Booking.expires_at > NOW)
# Run out, whether or not that has been recorded.
_RAN_OUT: Final = (Booking.status == BookingStatus.PENDING) & (
    Booking.expires_at <= NOW
)
_ENDED_AT: Final = case((_RAN_OUT, Booking.expires_at), else_=Booking.ended_at)
# The end of a hold shows when it was renewed; an offer renewed early keeps its end.
_BEGAN_AT: Final = Booking.expires_at - timedelta(seconds=HOLD_SECONDS)
_RENEWED_AT: Final = case(((Booking.renewals > 0) & (_BEGAN_AT <= NOW), _BEGAN_AT))
_CHANGED_AT: Final = func.greatest(
    Booking.created_at, _RENEWED_AT, _ENDED_AT, Doctor.updated_at
)

# In the order of BookingRecord's fields; record_of relies on it.
COLUMNS: Final[tuple[Any, ...]] = (
    Booking.id,
    Booking.slot_id,
    Booking.doctor_id,
    Doctor.name,
    Doctor.speciality,
    Doctor.room,
    Booking.patient_id,
    case((_RAN_OUT, BookingStatus.EXPIRED.value), else_=Booking.status),
    Slot.starts_at,
    Slot.ends_at,
    Booking.created_at,
    Booking.expires_at,
    case((IS_LIVE, extract("epoch", Booking.expires_at - NOW))),
    Booking.renewals,
    Booking.note,
    Booking.replaces_id,
    Booking.series_id,
    Booking.waitlist_id,
    Booking.created_by,
    Booking.confirmed_at,
    _ENDED_AT,
    Appointment.id,
    _CHANGED_AT,
)
_STATUS: Final = 7
_SECONDS_LEFT: Final = 12


def records() -> Select[*tuple[Any, ...]]:
    """Select bookings with their slot and doctor, and the visit if there is one."""
    return (
        select(*COLUMNS)
        .join(Slot, Slot.id == Booking.slot_id)
        .join(Doctor, Doctor.id == Booking.doctor_id)
        .outerjoin(Appointment, Appointment.booking_id == Booking.id)
    )


def record_of(row: Sequence[Any]) -> BookingRecord:
    """Return the booking in a row of exactly COLUMNS."""
    values = list(row)
    values[_STATUS] = BookingStatus(values[_STATUS])
    if values[_SECONDS_LEFT] is not None:
        values[_SECONDS_LEFT] = float(values[_SECONDS_LEFT])
    return BookingRecord(*values)
