"""When a doctor works, as stored and typed, and the effects of a plan."""

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import ClassVar, Final, Literal
from uuid import UUID

HoursKind = Literal["work", "break"]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The clinic's time zone, and for how many days slots are made.

    `zone` is the time zone's name; the first of the `days` is today.
    """

    zone: str
    days: int


HORIZON: Final = Calendar("UTC", 60)


@dataclass(frozen=True, slots=True, order=True)
class Hours:
    """A stretch of every such weekday: worked, or a break in it.

    Clock times are the clinic's own; `weekday` is ISO's, 1 is Monday.
    """

    weekday: int
    starts_at: time
    ends_at: time
    kind: HoursKind = "work"


class ExceptionKind(StrEnum):
    """How a time differs from the weekly plan.

    Holidays close; hours on a day replace that day's plan and open it even on a
    holiday; a blocked time is closed in any case.
    """

    HOLIDAY = "holiday"
    HOURS = "hours"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class ExceptionDraft:
    """A time that is to differ from the plan; without a doctor, the whole clinic's."""

    LONGEST_REASON: ClassVar[int] = 200

    kind: ExceptionKind
    starts_at: datetime
    ends_at: datetime
    doctor_id: UUID | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ExceptionRecord:
    """A time that differs from the weekly plan."""

    id: UUID
    kind: ExceptionKind
    starts_at: datetime
    ends_at: datetime
    doctor_id: UUID | None
    reason: str


@dataclass(frozen=True, slots=True)
class PlanResult:
    """How many slots a plan has added and withdrawn, and how many it had to leave.

    Those left are held or booked, and stay with whoever has them.
    """

    added: int
    withdrawn: int
    left: int


@dataclass(frozen=True, slots=True)
class VisitToMove:
    """A slot that somebody has at a time that the plan does not have.

    `booking_id` is the booking that can be moved. It, the patient and the patient's
    phone number are None for actors who may count visits but not see whose they are
    (then there is no name either), and for newcomers.
    """

    slot_id: UUID
    doctor_id: UUID
    doctor_name: str
    starts_at: datetime
    ends_at: datetime
    is_booked: bool
    booking_id: UUID | None = None
    patient_id: UUID | None = None
    patient_name: str | None = None
    listed_name: str | None = None
    phone: str | None = None
