"""Bookings as they are kept, and requests to book."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

# How long a hold lasts, from the statement that took it or extended it.
HOLD_SECONDS: Final = 120.0


class BookingStatus(StrEnum):
    """What became of an attempt to book."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """A request for a slot for a patient.

    `attempt` is generated once per request: sent again, it finds the result of the
    first one. `replaces_id` is the booking that this one replaces once it is confirmed.
    With `override_reason` staff book against the rules.
    """

    slot_id: UUID
    patient_id: UUID
    attempt: UUID
    note: str = ""
    replaces_id: UUID | None = None
    override_reason: str | None = None
    series_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class BookingRecord:
    """A booking in its current state: pending only while its hold lasts.

    `seconds_left` is how long the hold still lasted by the database's clock, when this
    was read; None unless pending. `expires_at` is when the hold ends or ended; for a
    failed booking, when the hold that was in its way ends. `appointment_id` is set once
    confirmed. `changed_at` is when what others are told of the booking last changed,
    until then. `ended_waits` are the places on the waiting list that confirming it has
    just ended.
    """

    id: UUID
    slot_id: UUID
    doctor_id: UUID
    doctor_name: str
    speciality: str
    room: str | None
    patient_id: UUID
    status: BookingStatus
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    expires_at: datetime | None
    seconds_left: float | None
    renewals: int
    note: str
    replaces_id: UUID | None
    series_id: UUID | None
    waitlist_id: UUID | None
    created_by: UUID
    confirmed_at: datetime | None
    ended_at: datetime | None
    appointment_id: UUID | None
    changed_at: datetime | None = None
    ended_waits: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyRequest:
    """A request for a time with whichever doctor of a speciality is free then."""

    speciality: str
    starts_at: datetime
    patient_id: UUID
    attempt: UUID
    note: str = ""
    override_reason: str | None = None


@dataclass(frozen=True, slots=True)
class SeriesSlot:
    """One week's time of a series, and whether it can be booked.

    Without `slot_id` the doctor offers nothing at that time.
    """

    starts_at: datetime
    ends_at: datetime
    slot_id: UUID | None
    state: Literal["free", "held", "booked", "none"]


@dataclass(frozen=True, slots=True)
class SeriesRequest:
    """A request for the times of a series; `series_id` is generated once for it."""

    slot_ids: tuple[UUID, ...]
    patient_id: UUID
    series_id: UUID
    note: str = ""
    override_reason: str | None = None
