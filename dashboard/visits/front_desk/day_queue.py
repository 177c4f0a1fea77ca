"""The day's visits, read for a screen and sorted into waiting, expected and over."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, in_zone, now, read
from dashboard.ui.clock import time_of_day, zone
from dashboard.ui.language import decimal, gettext as _
from dashboard.ui.lists.cut_notice import offer_more
from dashboard.ui.lists.recorded_look import look_at
from services.lists.folding import by_shown_name
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitRecord, VisitStatus

# A click that changes nothing queries no database; a check-in elsewhere shows soon.
_SECONDS = 15.0
# How many parts of a long day are shown.
_PARTS: Final = "day_queue_parts"
# The maximum of a day's list.
_AT_A_TIME: Final = 500
_BEFORE_IT_IS_OVER = (
    VisitStatus.CHECKED_IN,
    VisitStatus.IN_ROOM,
    VisitStatus.SCHEDULED,
)


@dataclass(frozen=True, slots=True)
class Queue:
    """A day's visits: the longest waiting first, in the room, expected, and over.

    Of those that are over, the latest comes first.
    """

    waiting: tuple[VisitRecord, ...]
    in_room: tuple[VisitRecord, ...]
    expected: tuple[VisitRecord, ...]
    over: tuple[VisitRecord, ...]
    # Whether the day may have later visits than these.
    is_cut: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether the day has no visits at all."""
        return not self.visits

    @property
    def doctors(self) -> list[str]:
        """The doctors who have visits, by name."""
        return sorted({visit.doctor_name for visit in self.visits}, key=by_shown_name)

    def of(self, doctor: str | None) -> "Queue":
        """Return the visits of one doctor; all of them without one."""
        if doctor is None:
            return self
        theirs = sort([visit for visit in self.visits if visit.doctor_name == doctor])
        return replace(theirs, is_cut=self.is_cut)

    @property
    def visits(self) -> tuple[VisitRecord, ...]:
        """All visits, by how far they have come."""
        return self.waiting + self.in_room + self.expected + self.over


def today() -> Queue:
    """Return the clinic's visits of today, as far as this person may see them.

    If there are very many, those that begin first, and more once they are asked for.
    """
    day = now().date()
    visits: list[VisitRecord] = []
    is_cut = True
    for __ in range(st.session_state.get(_PARTS, 1)):
        part = _part(day, visits[-1].id if visits else None)
        visits += part
        is_cut = len(part) == _AT_A_TIME
        if not is_cut:
            break
    return replace(sort(visits), is_cut=is_cut)


def offer_rest(queue: Queue, *, key: str) -> None:
    """Show that a day's list is cut, if it is, and offer later visits."""
    if not queue.is_cut:
        return
    latest = max(visit.starts_at for visit in queue.visits)
    said = _(
        "Today has too many visits to show at once: the first {count} are shown, "
        "up to {time}."
    ).format(count=decimal(len(queue.visits)), time=time_of_day(in_zone(latest)))
    offer_more(said, _("Show later visits"), key=key, on_click=_show_more)


def _show_more() -> None:
    st.session_state[_PARTS] = st.session_state.get(_PARTS, 1) + 1


def _part(day: date, after: UUID | None) -> tuple[VisitRecord, ...]:
    actor, look = current_actor(), look_at("queue", day)
    visits = read(
        lambda s: appointments.list_of_day(
            s,
            actor,
            day,
            zone(),
            after=after,
            limit=_AT_A_TIME,
            shown_before=look.shown,
        ),
        keep=("queue", actor.id, day, after, look.since),
        seconds=_SECONDS,
    )
    look.add(visit.patient_id for visit in visits)
    return visits


def own(day: date) -> tuple[VisitRecord, ...]:
    """Return the day's visits that are booked with this clinician."""
    actor, look = current_actor(), look_at("own_day", day)
    visits = read(
        lambda s: appointments.list_own_day(
            s, actor, day, zone(), shown_before=look.shown
        ),
        keep=("own day", actor.id, day, look.since),
        seconds=_SECONDS,
    )
    look.add(visit.patient_id for visit in visits)
    return visits


def sort(visits: Sequence[VisitRecord]) -> Queue:
    """Sort visits by how far they have come."""
    waiting = [visit for visit in visits if visit.status is VisitStatus.CHECKED_IN]
    # What was ended by mistake is among the last.
    over = sorted(
        filter(_is_over, visits), key=lambda visit: visit.starts_at, reverse=True
    )
    return Queue(
        tuple(sorted(waiting, key=lambda visit: -(visit.waited_seconds or 0))),
        tuple(visit for visit in visits if visit.status is VisitStatus.IN_ROOM),
        tuple(visit for visit in visits if visit.status is VisitStatus.SCHEDULED),
        tuple(over),
    )


def _is_over(visit: VisitRecord) -> bool:
    return visit.status not in _BEFORE_IT_IS_OVER
