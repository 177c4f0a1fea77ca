"""How doctors, bookings and visits are told of: as JSON, and in the description."""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import Field

from api.core.answers import Shown
from services.visits.booking.bookings import BookingRecord
from services.visits.front_desk.appointments import VisitRecord, VisitStatus
from services.visits.schedule.doctors import DoctorRecord
from services.visits.schedule.slots import SlotRecord


class DoctorShown(Shown):
    """A doctor, and when the next free slot begins."""

    id: UUID
    name: str
    specialization: str
    city: str | None
    room: str | None
    fee: float | None = Field(description="What a visit costs.")
    slot_minutes: int
    photo: str | None = Field(description="Where the photo is served.")
    is_active: bool = Field(description="Whether the doctor can be booked.")
    next_free: datetime | None


class DoctorsShown(Shown):
    """Doctors who can be booked, by name."""

    doctors: list[DoctorShown]


class SlotShown(Shown):
    """A time at which a doctor can be booked once."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    status: Literal["free", "held", "booked"]
    held_until: datetime | None = Field(description="When it may be free again.")


class SlotsShown(Shown):
    """A doctor's slots, the earliest first; free ones only while they are ahead."""

    slots: list[SlotShown]


class BookingShown(Shown):
    """A booking as it stands now; pending only while its hold lasts."""

    id: UUID
    slot_id: UUID
    doctor_id: UUID
    doctor_name: str
    specialization: str
    room: str | None
    patient_id: UUID
    status: Literal["PENDING", "CONFIRMED", "EXPIRED", "FAILED", "CANCELLED"]
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    expires_at: datetime | None = Field(description="When the hold ends, or has.")
    seconds_left: float | None = Field(description="Of a hold, by our own clock.")
    renewals: int
    note: str
    replaces_id: UUID | None
    series_id: UUID | None
    confirmed_at: datetime | None
    ended_at: datetime | None
    appointment_id: UUID | None = Field(description="The visit, once confirmed.")


class VisitShown(Shown):
    """A visit that was booked; `code` is what the ticket says."""

    id: UUID
    booking_id: UUID
    doctor_id: UUID
    doctor_name: str
    specialization: str
    room: str | None
    patient_id: UUID
    patient_name: str
    starts_at: datetime
    ends_at: datetime
    status: VisitStatus
    code: str
    note: str
    revision: int
    checked_in_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    waited_seconds: float | None


class VisitsShown(Shown):
    """The visits of a day, or of a patient."""

    appointments: list[VisitShown]


# What is called the same here as in services.
_BOOKED: Final = tuple(
    name for name in BookingShown.model_fields if name != "specialization"
)
_VISITED: Final = tuple(
    name for name in VisitShown.model_fields if name != "specialization"
)


def doctor_json(record: DoctorRecord) -> dict[str, Any]:
    """Return what everybody who books is told of a doctor."""
    photo = f"/files/doctors/{record.id}/photo" if record.photo_file_id else None
    return {
        "id": record.id,
        "name": record.name,
        "specialization": record.speciality,
        "city": record.city,
        "room": record.room,
        "fee": None if record.fee is None else float(record.fee),
        "slot_minutes": record.slot_minutes,
        "photo": photo,
        "is_active": record.is_active,
        "next_free": record.next_free_at,
    }


def slot_json(record: SlotRecord) -> dict[str, Any]:
    """Return a slot, without whose it is."""
    return free_json(record) | {
        "status": record.state,
        "held_until": record.held_until,
    }


def free_json(record: SlotRecord) -> dict[str, Any]:
    """Return which slot it is, and when."""
    return {
        "id": record.id,
        "starts_at": record.starts_at,
        "ends_at": record.ends_at,
    }


def booking_json(record: BookingRecord) -> dict[str, Any]:
    """Return a booking to somebody who may see it."""
    return {name: getattr(record, name) for name in _BOOKED} | {
        "specialization": record.speciality,
        "status": record.status.value.upper(),
    }


def visit_json(record: VisitRecord) -> dict[str, Any]:
    """Return a visit to somebody who may see it."""
    return {name: getattr(record, name) for name in _VISITED} | {
        "specialization": record.speciality
    }


def booking_path(booking_id: UUID) -> str:
    """Return where the booking is."""
    return f"/api/bookings/{booking_id}"
