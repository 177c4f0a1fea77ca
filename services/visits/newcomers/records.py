"""Newcomers as they are kept, and their requests."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class NewcomerStatus(StrEnum):
    """What became of a newcomer's attempt to book."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REGISTERED = "registered"


@dataclass(frozen=True, slots=True)
class NewcomerRequest:
    """A request for a slot under a name and an e-mail address.

    `attempt` is generated once per request: sent again, it finds the result of the
    first one.
    """

    slot_id: UUID
    name: str
    email: str
    attempt: UUID


@dataclass(frozen=True, slots=True)
class NewcomerRecord:
    """A newcomer's booking in its current state: pending only while its hold lasts.

    `booking_id` is the patient's booking that the desk has made of it; name and address
    are empty then.
    """

    id: UUID
    slot_id: UUID
    doctor_id: UUID
    doctor_name: str
    speciality: str
    room: str | None
    name: str
    email: str
    status: NewcomerStatus
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    expires_at: datetime | None
    revision: int
    booking_id: UUID | None

    @property
    def patient_id(self) -> None:
        """Always None: no patient's, until the desk knows or registers the newcomer."""
