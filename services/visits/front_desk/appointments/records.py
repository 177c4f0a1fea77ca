"""Visits as they are kept."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

# For this long before and after a visit the desk can correct its status.
HALF_A_DAY: Final = timedelta(hours=12)


class VisitStatus(StrEnum):
    """How far a visit has come; in the room means checked in, and called in since."""

    SCHEDULED = "scheduled"
    CHECKED_IN = "checked-in"
    IN_ROOM = "in-room"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no-show"

    @property
    def takes_place(self) -> bool:
        """Whether the visit takes place, or took place, as far as is known."""
        return self not in {VisitStatus.CANCELLED, VisitStatus.NO_SHOW}


class CallOutcome(StrEnum):
    """The result of phoning a patient to remind them of a visit."""

    REACHED = "reached"
    NO_ANSWER = "no-answer"


@dataclass(frozen=True, slots=True)
class PhoneCall:
    """A phone call to a patient about a visit: its result, by whom and when."""

    outcome: CallOutcome
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class VisitRecord:
    """A visit that was booked.

    `revision` tells a stale page from a fresh one; `code` is printed on the ticket.
    `patient_name` and `listed_name`, which has the family name first, are empty, and
    `date_of_birth`, `phone` and `deceased_on` are None, for a clinician who does not
    treat the patient any more. `waited_seconds` is how long a patient who is checked in
    had been waiting, by the database's clock when this was read; None otherwise, also
    once they are called in. `version` counts all changes of what others are told of a
    visit, `changed_at` is when the last one was: a change of the doctor's name is one
    of them. `call` is the last call that reminded the patient, None before the first.
    """

    id: UUID
    booking_id: UUID
    doctor_id: UUID
    doctor_name: str
    speciality: str
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
    waited_seconds: float | None = None
    date_of_birth: date | None = None
    phone: str | None = None
    called_in_at: datetime | None = None
    listed_name: str = ""
    version: int = 1
    changed_at: datetime | None = None
    deceased_on: date | None = None
    call: PhoneCall | None = None

    def is_corrected_at(self, timestamp: datetime) -> bool:
        """Return whether the desk can correct the visit's status at a time."""
        begins, ends = self.starts_at - HALF_A_DAY, self.ends_at + HALF_A_DAY
        if self.completed_at is not None:
            ends = self.completed_at + HALF_A_DAY
        return begins <= timestamp < ends
