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

    `newcomers` have booked and are not registered yet, as far as the actor may see
    them. `slots` are all that are offered, including free ones of the past. `visits`
    are those that were not cancelled, as far as the actor may see visits: of all
    others, only the booked slot is visible. `closures` are holidays and blocked times;
    their reasons are empty for actors who do not manage doctors.
    """

    doctors: tuple[CalendarDoctor, ...]
    slots: tuple[SlotRecord, ...]
    visits: tuple[VisitRecord, ...]
    newcomers: tuple[NewcomerRecord, ...]
    closures: tuple[ExceptionRecord, ...]
