"""Controls that turn the calendar to another day or week, and to other doctors."""

from datetime import timedelta
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.ui.clock import today
from dashboard.ui.fields.days import day_field
from dashboard.ui.language import gettext as _
from dashboard.visits.booking.times import DAYS_OF_WEEK
from dashboard.visits.calendar import period
from dashboard.visits.calendar.period import DAY, ROOMS, WEEK, CalendarRequest
from dashboard.visits.doctors.doctor_listing import bookable_doctors, doctor_labels

_VIEW: Final = "calendar_view"
_PICKED: Final = "calendar_picked_day"
_DOCTORS: Final = "calendar_doctors"
_WHOSE_WEEK: Final = "calendar_whose_week"


def choose_days() -> CalendarRequest:
    """Draw the bar; return what is to be shown."""
    doctors = doctor_labels(bookable_doctors())
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        view = _choose_view()
        by = DAYS_OF_WEEK if view == WEEK else 1
        earlier = _("Previous week") if view == WEEK else _("Previous day")
        later = _("Next week") if view == WEEK else _("Next day")
        _turn(earlier, "previous", "chevron_left", -by)
        st.button(_("Today"), key="calendar_today", on_click=_show_today)
        _turn(later, "next", "chevron_right", by)
        _offer_any_day()
        if view == WEEK:
            return period.days_shown(view, _choose_doctor(doctors))
        return period.days_shown(view, _choose_doctors(doctors))


def _choose_view() -> str:
    # A link that names a doctor shows their week, unless it names the day.
    is_named = period.shown_doctor() is not None and "day" not in st.query_params
    return str(
        st.segmented_control(
            _("Show"),
            [DAY, ROOMS, WEEK],
            default=WEEK if is_named else DAY,
            required=True,
            key=_VIEW,
            # In the primary colour it would be too pale on a dark background.
            format_func=lambda view: f":gray[{_(view)}]",
        )
    )


def _turn(label: str, name: str, icon: str, days: int) -> None:
    st.button(
        label,
        key=f"calendar_{name}",
        icon=f":material/{icon}:",
        on_click=_move,
        args=(days,),
    )


def _offer_any_day() -> None:
    # Folded away: the parts of the field are too small a target for a finger (WCAG
    # 2.5.8); the buttons beside it lead to any day, too.
    with st.popover(_("Go to a day"), icon=":material/calendar_today:"):
        st.session_state[_PICKED] = period.shown_day()
        day_field(_("Day"), key=_PICKED, on_change=_show_picked)


def _choose_doctors(doctors: dict[UUID, str]) -> tuple[UUID, ...]:
    chosen = st.multiselect(
        _("Doctors"),
        list(doctors),
        key=_DOCTORS,
        format_func=doctors.__getitem__,
        placeholder=_("Everyone working"),
        width=320,
    )
    return tuple(chosen)


def _choose_doctor(doctors: dict[UUID, str]) -> tuple[UUID, ...]:
    whose = period.shown_doctor() or period.own_doctor()
    if whose not in doctors:
        whose = next(iter(doctors), None)
    st.session_state[_WHOSE_WEEK] = whose
    chosen: UUID | None = st.selectbox(
        _("Doctor"),
        list(doctors),
        key=_WHOSE_WEEK,
        format_func=doctors.__getitem__,
        on_change=_show_whose_week,
        placeholder=_("No doctor can be booked"),
        width=320,
    )
    return (chosen,) if chosen else ()


def _show_whose_week() -> None:
    period.show_doctor(st.session_state[_WHOSE_WEEK])


def _show_picked() -> None:
    if (picked := st.session_state[_PICKED]) is not None:
        period.show_day(picked)


def _show_today() -> None:
    period.show_day(today())


def _move(days: int) -> None:
    period.show_day(period.shown_day() + timedelta(days=days))
