"""What the calendar shows of some days."""

from dataclasses import dataclass
from uuid import UUID

from services.visits.front_desk.appointments import VisitRecord
from services.visits.newcomers import NewcomerRecord
from services.visits.schedule.plans import ExceptionRecord
from services.visits.schedule.slots.records import SlotRecord


@dataclass(frozen=True, slots=True)
class CalendarDoctor:
    """A doctor as the head of a column."""

    id: UUID
    name: str
    speciality: str
    room: str | None


@dataclass(frozen=True, slots=True)
class CalendarPeriod:
    """Some days of some doctors.

    `newcomers` have booked and are not registered yet, as far as the actor sees them.
    `slots` are all that are or were offered, free ones of the past too. `visits` are
    those that stand, as far as the actor sees visits: of what others see only that a
    slot is booked. `closures` are holidays and blocked times; their reasons are empty
    for those who do not manage doctors.
    """

    doctors: tuple[CalendarDoctor, ...]
    slots: tuple[SlotRecord, ...]
    visits: tuple[VisitRecord, ...]
    newcomers: tuple[NewcomerRecord, ...]
    closures: tuple[ExceptionRecord, ...]
