"""The day's visits, read for a screen and sorted into who waits and who is to come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from dashboard.context import current_actor, now, read
from dashboard.ui.clock import zone
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitRecord, VisitStatus

# A click that changes nothing asks no database; a check-in elsewhere shows soon.
_SECONDS = 15.0
_BEFORE_IT_IS_OVER = (
    VisitStatus.CHECKED_IN,
    VisitStatus.IN_ROOM,
    VisitStatus.SCHEDULED,
)


@dataclass(frozen=True, slots=True)
class Queue:
    """A day's visits: who waits for longest, is seen, comes next, and was here."""

    waiting: tuple[VisitRecord, ...]
    in_room: tuple[VisitRecord, ...]
    expected: tuple[VisitRecord, ...]
    over: tuple[VisitRecord, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the day has no visits at all."""
        return not self.visits

    @property
    def doctors(self) -> list[str]:
        """The doctors who have visits, by name."""
        return sorted({visit.doctor_name for visit in self.visits})

    def of(self, doctor: str | None) -> "Queue":
        """Return the part of one doctor; all of it without one."""
        if doctor is None:
            return self
        return sort([visit for visit in self.visits if visit.doctor_name == doctor])

    @property
    def visits(self) -> tuple[VisitRecord, ...]:
        """All of them, by how far they have come."""
        return self.waiting + self.in_room + self.expected + self.over


def today() -> Queue:
    """Return the clinic's visits of today, as far as this person sees them."""
    actor, timestamp = current_actor(), now()
    return sort(
        read(
            lambda s: appointments.list_of_day(s, actor, timestamp.date(), zone()),
            keep=("queue", actor.id, timestamp.date()),
            seconds=_SECONDS,
        )
    )


def own(day: date) -> tuple[VisitRecord, ...]:
    """Return the visits of a day that this clinician is booked for."""
    actor = current_actor()
    return read(
        lambda s: appointments.list_own_day(s, actor, day, zone()),
        keep=("own day", actor.id, day),
        seconds=_SECONDS,
    )


def sort(visits: Sequence[VisitRecord]) -> Queue:
    """Sort visits by how far they have come."""
    waiting = [visit for visit in visits if visit.status is VisitStatus.CHECKED_IN]
    return Queue(
        tuple(sorted(waiting, key=lambda visit: -(visit.waited_seconds or 0))),
        tuple(visit for visit in visits if visit.status is VisitStatus.IN_ROOM),
        tuple(visit for visit in visits if visit.status is VisitStatus.SCHEDULED),
        tuple(visit for visit in visits if _is_over(visit)),
    )


def _is_over(visit: VisitRecord) -> bool:
    return visit.status not in _BEFORE_IT_IS_OVER
