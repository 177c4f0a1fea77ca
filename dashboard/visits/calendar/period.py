"""Which days and doctors the calendar shows, and their contents."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.context import (
    current_actor,
    read,
    visit_changes_mark,
)
from dashboard.ui import clock
from dashboard.ui.clock import today
from dashboard.ui.language import marked
from dashboard.ui.lists.recorded_look import look_at
from dashboard.visits.booking.times import DAYS_OF_WEEK, span, week_of
from services.visits import calendar
from services.visits.calendar import CalendarPeriod

DAY: Final = marked("Day")
ROOMS: Final = marked("Rooms")
WEEK: Final = marked("Week")
_DAY: Final = "calendar_day"
_DOCTOR: Final = "calendar_doctor"
# Every change of a visit is notified at once; this is for changes that are not, such as
# the minutes that somebody waits.
_SECONDS: Final = 30.0
_UNHEARD_SECONDS: Final = 10.0
# Beyond these, date arithmetic would run out of range.
_FIRST: Final = date(1900, 1, 1)
_LAST: Final = date(2999, 12, 31)
_OWN_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True)
class CalendarRequest:
    """A request for the calendar: some days of some doctors, or of all working then."""

    first: date
    days: int
    doctor_ids: tuple[UUID, ...]
    # Layout only: it does not make another request.
    is_by_room: bool = field(default=False, compare=False)


def shown_day() -> date:
    """Return the day on screen; the address may name the first one."""
    if _DAY not in st.session_state:
        show_day(_named_day() or today())
    day: date = st.session_state[_DAY]
    return day


def show_day(day: date) -> None:
    """Turn to a day, or to the first or last one that the calendar has."""
    st.session_state[_DAY] = max(_FIRST, min(day, _LAST))


def shown_doctor() -> UUID | None:
    """Return the doctor whose week was chosen, or who is named in the address."""
    if _DOCTOR not in st.session_state:
        st.session_state[_DOCTOR] = _named_doctor()
    doctor_id: UUID | None = st.session_state[_DOCTOR]
    return doctor_id


def own_doctor() -> UUID | None:
    """Return the doctor as whom this person signs in."""
    actor = current_actor()
    return read(
        lambda session: calendar.find_own_doctor(session, actor),
        keep=("own doctor", actor.id),
        seconds=_OWN_SECONDS,
    )


def show_doctor(doctor_id: UUID | None) -> None:
    """Turn to a doctor."""
    st.session_state[_DOCTOR] = doctor_id


def days_ahead(chosen: date) -> list[date]:
    """Return the days that can be booked, and the chosen one."""
    ahead = (
        today() + timedelta(days=number) for number in range(clock.calendar().days)
    )
    return sorted({*ahead, chosen})


def days_shown(view: str, doctor_ids: tuple[UUID, ...]) -> CalendarRequest:
    """Return the request of a view: a day by doctor or by room, or a week."""
    if view == WEEK:
        return CalendarRequest(week_of(shown_day()), DAYS_OF_WEEK, doctor_ids)
    return CalendarRequest(shown_day(), 1, doctor_ids, is_by_room=view == ROOMS)


def read_shown(shown: CalendarRequest) -> CalendarPeriod:
    """Return the contents of these days; read again once somebody changed a visit."""
    actor, look = current_actor(), look_at("calendar", shown)
    mark = visit_changes_mark()
    from_at, until_at = span(shown.first, shown.days)
    period = read(
        lambda session: calendar.read_period(
            session,
            actor,
            from_at,
            until_at,
            doctor_ids=shown.doctor_ids,
            shown_before=look.shown,
        ),
        keep=("calendar", actor.id, shown, mark, look.since),
        seconds=_SECONDS if mark else _UNHEARD_SECONDS,
    )
    look.add(visit.patient_id for visit in period.visits)
    look.add(newcomer.id for newcomer in period.newcomers)
    return period


def _named_day() -> date | None:
    try:
        return date.fromisoformat(st.query_params.get("day", ""))
    except ValueError:
        return None


def _named_doctor() -> UUID | None:
    try:
        return UUID(st.query_params.get("doctor", ""))
    except ValueError:
        return None
