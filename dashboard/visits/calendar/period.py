"""Which days and whose the calendar shows, and what stands in them."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.context import (
    current_actor,
    look_at_visits,
    now,
    read,
    visit_changes_mark,
)
from dashboard.ui import clock
from dashboard.ui.clock import today
from dashboard.ui.language import marked
from dashboard.visits.booking.times import DAYS_OF_WEEK, span, week_of
from services.visits import calendar
from services.visits.calendar import CalendarPeriod
from services.visits.schedule.doctors import DoctorRecord

DAY: Final = marked("Day")
ROOMS: Final = marked("Rooms")
WEEK: Final = marked("Week")
_DAY: Final = "calendar_day"
_DOCTOR: Final = "calendar_doctor"
_PEOPLE: Final = "calendar_told"
# Anything that changes a visit is heard of at once; this is for what is not told of,
# such as the minutes that somebody waits.
_SECONDS: Final = 30.0
_UNHEARD_SECONDS: Final = 10.0
# Who leaves the calendar open has looked again after so long.
_ONE_LOOK: Final = timedelta(hours=1)
# Further away lie the ends of what a day can be reckoned with.
_FIRST: Final = date(1900, 1, 1)
_LAST: Final = date(2999, 12, 31)
_MOST_DOCTORS: Final = 500
_OWN_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True)
class CalendarRequest:
    """What is asked for: some days of some doctors, or of all who work then."""

    first: date
    days: int
    doctor_ids: tuple[UUID, ...] = ()
    # How it is laid out, and no other request.
    is_by_room: bool = field(default=False, compare=False)


@dataclass(slots=True)
class _ShownPeople:
    """Whose visits this screen has shown since when, as the audit log knows."""

    since: datetime
    ids: frozenset[UUID] = frozenset()


def shown_day() -> date:
    """Return the day that is shown; the address may name the first one."""
    if _DAY not in st.session_state:
        show_day(_named_day() or today())
    day: date = st.session_state[_DAY]
    return day


def show_day(day: date) -> None:
    """Turn to a day, or to the first or last one that there is a calendar of."""
    st.session_state[_DAY] = max(_FIRST, min(day, _LAST))


def shown_doctor() -> UUID | None:
    """Return whose week was chosen, or is named in the address."""
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


def bookable_doctors() -> tuple[DoctorRecord, ...]:
    """Return the doctors who can be booked, by name."""
    return look_at_visits(
        lambda caches, who, after: caches.doctors(who, limit=_MOST_DOCTORS, after=after)
    )


def days_ahead(chosen: date) -> list[date]:
    """Return the days that can be booked, and the one that is chosen."""
    ahead = (
        today() + timedelta(days=number) for number in range(clock.calendar().days)
    )
    return sorted({*ahead, chosen})


def days_shown(view: str, doctor_ids: tuple[UUID, ...]) -> CalendarRequest:
    """Return what a view asks for: a day by doctor or by room, or a week."""
    if view == WEEK:
        return CalendarRequest(week_of(shown_day()), DAYS_OF_WEEK, doctor_ids)
    return CalendarRequest(shown_day(), 1, doctor_ids, is_by_room=view == ROOMS)


def read_shown(shown: CalendarRequest) -> CalendarPeriod:
    """Return what stands in these days; read anew once somebody changed a visit."""
    actor, people = current_actor(), _people_shown_in(shown)
    mark = visit_changes_mark()
    from_at, until_at = span(shown.first, shown.days)
    period = read(
        lambda session: calendar.read_period(
            session,
            actor,
            from_at,
            until_at,
            doctor_ids=shown.doctor_ids,
            shown_before=people.ids,
        ),
        keep=("calendar", actor.id, shown, mark),
        seconds=_SECONDS if mark else _UNHEARD_SECONDS,
    )
    people.ids |= {visit.patient_id for visit in period.visits}
    people.ids |= {newcomer.id for newcomer in period.newcomers}
    return period


def _people_shown_in(shown: CalendarRequest) -> _ShownPeople:
    known: tuple[CalendarRequest, _ShownPeople] | None = st.session_state.get(_PEOPLE)
    if known and known[0] == shown and now() - known[1].since < _ONE_LOOK:
        return known[1]
    fresh = _ShownPeople(now())
    st.session_state[_PEOPLE] = (shown, fresh)
    return fresh


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
