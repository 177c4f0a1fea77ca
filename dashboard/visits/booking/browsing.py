"""A doctor's times, week by week or day by day, one of them to be chosen."""

from datetime import date, timedelta
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, freshness
from dashboard.navigation import go
from dashboard.ui.clock import in_zone, today
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import day_heading, gettext as _, marked
from dashboard.ui.words import plain
from dashboard.visits.booking.calendar import days_of, slots_of
from dashboard.visits.booking.repeating import ask_for_weeks
from dashboard.visits.booking.slot_calendar import payload_of, slot_calendar
from dashboard.visits.booking.times import (
    DAYS_OF_WEEK,
    about_clocks,
    shortly,
    span,
    week_of,
    weeks_ahead,
)
from services.core.actors import Permission
from services.visits.schedule.doctors import DoctorRecord

_DAY: Final = "doctor_day"
_WEEK: Final = "doctor_week"
_VIEW: Final = "doctor_view"
_SHOWN: Final = "doctor_shown"
_WEEK_VIEW: Final = marked("Week")
_DAY_VIEW: Final = marked("Day")


def choose_time(
    doctor: DoctorRecord,
    patient_id: UUID | None,
    *,
    action: str,
    repeats: bool,
    first: date | None,
) -> UUID | None:
    """Show the doctor's times; return the id of the slot that was chosen.

    `action` is what choosing does, empty for people who only look. With `repeats` the
    same time can be asked for several weeks in a row. The times open at the day
    `first`, or at the first day with a free one.
    """
    _begin(doctor, first)
    first, days = _shown(_bar(repeats=repeats))
    st.caption(about_clocks(span(first, days)[0]))
    slots = slots_of(doctor.id, first, days, patient_id=patient_id)
    chosen = None
    if slots:
        drawn = payload_of(
            days_of(slots, first, days),
            name=_("Times with {name}").format(name=doctor.name),
            action=action,
            is_own=current_actor().patient_id is not None,
        )
        chosen = slot_calendar(drawn, key=f"doctor_calendar_{doctor.id}")
    else:
        _show_nothing_free(doctor, days)
    st.caption(freshness())
    return UUID(chosen) if chosen else None


def _begin(doctor: DoctorRecord, first: date | None) -> None:
    if st.session_state.get(_SHOWN) != doctor.id:
        st.session_state[_SHOWN] = doctor.id
        begins = _first_free(doctor) if first is None else first
        st.session_state[_DAY] = begins or today()


def _first_free(doctor: DoctorRecord) -> date | None:
    return in_zone(doctor.next_free_at).date() if doctor.next_free_at else None


def _bar(*, repeats: bool) -> str:
    """Draw the controls for weeks or days; return which of the two views is chosen."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        view = st.segmented_control(
            _("Show"),
            [_WEEK_VIEW, _DAY_VIEW],
            default=_WEEK_VIEW,
            required=True,
            key=_VIEW,
            format_func=_in_grey,
            label_visibility="collapsed",
        )
        by = DAYS_OF_WEEK if view == _WEEK_VIEW else 1
        st.button(
            _("Earlier"),
            key="doctor_earlier",
            icon=":material/chevron_left:",
            on_click=_move,
            args=(-by,),
            disabled=_day() - timedelta(days=by) < week_of(today()),
        )
        st.button(
            _("Later"),
            key="doctor_later",
            icon=":material/chevron_right:",
            on_click=_move,
            args=(by,),
        )
        _choose_week()
        if repeats:
            ask_for_weeks()
    return str(view)


def _choose_week() -> None:
    """Offer the next weeks; Streamlit's calendar is too small for some fingers."""
    shown = week_of(_day())
    st.session_state[_WEEK] = shown
    st.selectbox(
        _("Week"),
        sorted({shown, *weeks_ahead()}),
        key=_WEEK,
        format_func=day_heading,
        on_change=_show_week,
        label_visibility="collapsed",
        width=150,
    )


def _show_week() -> None:
    _show(st.session_state[_WEEK])


def _in_grey(view: str) -> str:
    # The primary colour, which Streamlit gives the selected option, is too dark on the
    # dark background; the frame around it shows which one is selected.
    return f":gray[{_(view)}]"


def _shown(view: str) -> tuple[date, int]:
    if view == _DAY_VIEW:
        return _day(), 1
    return week_of(_day()), DAYS_OF_WEEK


def _day() -> date:
    day: date | None = st.session_state.get(_DAY)
    return day or today()


def _move(days: int) -> None:
    _show(_day() + timedelta(days=days))


def _show(day: date) -> None:
    st.session_state[_DAY] = day


def _show_nothing_free(doctor: DoctorRecord, days: int) -> None:
    first = _first_free(doctor)
    name = plain(doctor.name)
    if doctor.next_free_at is None or first is None:
        # People who set working hours may not have set any yet.
        may_plan = current_actor().may(Permission.MANAGE_DOCTORS)
        if empty_state(
            _("{name} has no free times at the moment.").format(name=name),
            icon="event_busy",
            action=_("Working hours") if may_plan else "",
            key="doctor_hours",
        ):
            go("visits/doctor_plan.py", doctor=str(doctor.id))
        return
    empty_state(
        (
            _("{name} cannot be booked in this week.")
            if days > 1
            else _("{name} cannot be booked on this day.")
        ).format(name=name),
        icon="event_busy",
    )
    st.button(
        _("Show the next free time: {next_free_at}").format(
            next_free_at=shortly(doctor.next_free_at)
        ),
        key="doctor_show_next",
        on_click=_show,
        args=(first,),
    )
