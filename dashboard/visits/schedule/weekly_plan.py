"""The week of a doctor: when they work, chosen day by day and drawn at once."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from dashboard.context import current_actor, read, write
from dashboard.ui.clock import calendar, zone
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields.keys import stamp_of
from dashboard.ui.language import decimal, gettext as _, pgettext
from dashboard.visits.schedule.day_hours import DayHours
from dashboard.visits.schedule.drawn_week import show_drawn_week
from dashboard.visits.schedule.plan_changes import say_what_became
from services.core.weekdays import WEEKDAYS
from services.visits.schedule import plans
from services.visits.schedule.doctors import DoctorRecord
from services.visits.schedule.plans import Hours, weeks

# Where Monday goes as long as every other day is closed.
_USUALLY_WORKED: Final = slice(1, 5)


def week_form(doctor: DoctorRecord) -> None:
    """Offer to exchange the weekly plan; slots follow at once."""
    actor = current_actor()
    week = read(lambda session: weeks.get_week(session, actor, doctor.id))
    _edit_week(doctor, week)


@st.fragment
def _edit_week(doctor: DoctorRecord, week: tuple[Hours, ...]) -> None:
    # What a colleague has saved meanwhile is shown, not what stood here before.
    stamp = f"{doctor.id}_{stamp_of(week)}"
    days = [DayHours(number, stamp, week) for number in range(1, len(WEEKDAYS) + 1)]
    for day in days:
        day.begin()
    with error_boundary():
        _show_offer(doctor, days)
        _offer_copies(days, stamp)
        for day in days:
            day.show()
        if st.button(_("Save the week"), key="doctor_plan_week", type="primary"):
            _save(doctor, week, days)


def _show_offer(doctor: DoctorRecord, days: Sequence[DayHours]) -> None:
    """Show what could be booked with what is chosen so far."""
    minutes = doctor.slot_minutes
    visits = {day.name: plans.visits_of_day(day.chosen, minutes) for day in days}
    count = sum(map(len, visits.values()))
    offer = _("Bookable in a week: {count} visits of {minutes} minutes.").format(
        count=decimal(count), minutes=minutes
    )
    if not doctor.is_active:
        offer = _("Nothing is bookable while *Can be booked* is off, see below.")
    clocks = _("Hours are those of the clinic's clock, {zone}.").format(zone=zone().key)
    st.caption(f"{offer} {clocks}")
    closed = frozenset(day.name for day in days if day.is_closed)
    show_drawn_week(visits, minutes, closed)


def _offer_copies(days: Sequence[DayHours], stamp: str) -> None:
    monday, *others = days
    worked = [day for day in others if not day.is_closed] or days[_USUALLY_WORKED]
    with st.container(horizontal=True, gap="small"):
        st.button(
            _("Copy Monday to the other working days"),
            key="doctor_plan_copy",
            help=_(
                "To all days that are not closed; if there is none, Tuesday to Friday"
            ),
            icon=":material/content_copy:",
            disabled=monday.is_closed,
            on_click=monday.copy_to,
            args=(worked,),
        )
        with st.popover(_("Copy another day")):
            source = st.selectbox(
                _("Copy"),
                days,
                format_func=lambda day: day.name,
                key=f"doctor_copied_{stamp}",
            )
            targets = st.multiselect(
                pgettext("copy", "To"),
                days,
                format_func=lambda day: day.name,
                key=f"doctor_copied_to_{stamp}",
                placeholder=_("Choose days"),
            )
            st.button(
                _("Copy the hours"),
                key="doctor_plan_copy_to",
                disabled=not targets,
                on_click=source.copy_to,
                args=(targets,),
            )


def _save(
    doctor: DoctorRecord, week: tuple[Hours, ...], days: Sequence[DayHours]
) -> None:
    actor = current_actor()
    hours = [
        stretch
        for day in days
        if not day.is_closed
        for stretch in plans.read_day(week, day.weekday, day.chosen)
    ]
    became = write(
        lambda session: weeks.change_week(session, actor, doctor.id, hours, calendar())
    )
    say_what_became(_("The week is saved."), became)
    st.rerun()
