"""Doctors, bookings and visits as JSON, and their description in OpenAPI."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.core.answers import FromAttribute, Shown
from services.visits.booking.waitlist import WaitStatus
from services.visits.front_desk.appointments import VisitStatus
from services.visits.schedule.doctors import DoctorRecord


def _fee(record: DoctorRecord) -> float | None:
    return None if record.fee is None else float(record.fee)


def _photo(record: DoctorRecord) -> str | None:
    return f"/files/doctors/{record.id}/photo" if record.photo_file_id else None


class DoctorShown(Shown):
    """A doctor, and the beginning of the next free slot."""

    id: UUID
    name: str
    specialization: Annotated[str, FromAttribute("speciality")]
    city: str | None
    room: str | None
    fee: Annotated[float | None, FromAttribute(_fee)] = Field(
        description="Price of a visit."
    )
    slot_minutes: int
    photo: Annotated[str | None, FromAttribute(_photo)] = Field(
        description="Path of the photo."
    )
    is_active: bool = Field(description="Whether the doctor can be booked.")
    next_free: Annotated[datetime | None, FromAttribute("next_free_at")]


class DoctorsShown(Shown):
    """Doctors who can be booked, by name."""

    doctors: list[DoctorShown]
    more: bool = Field(
        description="Whether more doctors match than `limit`: narrow the search."
    )


class SlotShown(Shown):
    """A time at which a doctor can be booked once."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    status: Annotated[Literal["free", "held", "booked"], FromAttribute("state")]
    held_until: datetime | None = Field(description="When the slot may be free again.")


class SlotsShown(Shown):
    """A doctor's slots, the earliest first; free ones only while they are ahead."""

    slots: list[SlotShown]


class BookingShown(Shown):
    """A booking as it is now; PENDING only while its hold lasts."""

    id: UUID
    slot_id: UUID
    doctor_id: UUID
    doctor_name: str
    specialization: Annotated[str, FromAttribute("speciality")]
    room: str | None
    patient_id: UUID
    status: Annotated[
        Literal["PENDING", "CONFIRMED", "EXPIRED", "FAILED", "CANCELLED"],
        FromAttribute(lambda record: record.status.value.upper()),
    ]
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    expires_at: datetime | None = Field(description="When the hold ends or ended.")
    seconds_left: float | None = Field(
        description="Seconds left of a hold, by the server's clock."
    )
    renewals: int
    note: str
    replaces_id: UUID | None
    series_id: UUID | None
    confirmed_at: datetime | None
    ended_at: datetime | None
    appointment_id: UUID | None = Field(
        description="The visit, once the booking is confirmed."
    )
    ended_waits: list[UUID] = Field(
        description="Places on the waiting list that this confirmation has ended."
    )


class WaitShown(Shown):
    """A patient's place on the waiting list: for one doctor, or for a specialization.

    The place is `waiting` until a time is `offered`; then it is `booked` or `passed`.
    """

    id: UUID
    patient_id: UUID
    doctor_id: UUID | None
    doctor_name: str | None
    specialization: Annotated[str | None, FromAttribute("speciality")]
    from_at: datetime
    until_at: datetime
    status: WaitStatus
    offered_at: datetime | None
    created_at: datetime
    ended_at: datetime | None
    booking_id: UUID | None = Field(
        description="The hold that was offered last, to be confirmed or released."
    )


class WaitsShown(Shown):
    """A patient's places on the waiting list, past ones too, the newest first."""

    entries: list[WaitShown]


class WaitingPatientShown(Shown):
    """Somebody on the waiting list, and how they are reached."""

    id: UUID
    patient_id: UUID
    patient_name: str
    date_of_birth: date
    phone_number: Annotated[str | None, FromAttribute("phone")]
    doctor_id: UUID | None
    doctor_name: str | None
    specialization: Annotated[str | None, FromAttribute("speciality")]
    from_at: datetime
    until_at: datetime
    created_at: datetime
    held_until: datetime | None = Field(
        description="Set while a time is held for the patient."
    )


class WaitingListShown(Shown):
    """Who waits, those who have waited longest first."""

    waiting: list[WaitingPatientShown]
    count: int = Field(description="How many wait, also those who are not listed.")


class VisitShown(Shown):
    """A booked visit; `code` is the one on its ticket."""

    id: UUID
    booking_id: UUID
    doctor_id: UUID
    doctor_name: str
    specialization: Annotated[str, FromAttribute("speciality")]
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
    called_in_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    waited_seconds: float | None


class VisitsShown(Shown):
    """The visits of a day, or of a patient."""

    appointments: list[VisitShown]
    next: UUID | None = Field(
        description="Pass it as `after` to get further visits; null if there are none."
    )


def booking_path(booking_id: UUID) -> str:
    """Return the path of the booking."""
    return f"/api/bookings/{booking_id}"
