"""The week of a doctor: working hours, chosen day by day and drawn at once."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from dashboard.context import current_actor, read, write
from dashboard.ui.clock import calendar, zone
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields.keys import stamp_of
from dashboard.ui.language import decimal, gettext as _, pgettext, refusal_text
from dashboard.ui.notices import notify
from dashboard.ui.words import plain
from dashboard.visits.schedule.day_hours import DayHours
from dashboard.visits.schedule.drawn_week import show_drawn_week
from dashboard.visits.schedule.plan_changes import show_plan_result
from services.core.weekdays import WEEKDAYS
from services.visits.schedule import plans
from services.visits.schedule.doctors import DoctorRecord
from services.visits.schedule.plans import Hours, weeks

# The days that Monday is copied to while every other day is closed.
_USUALLY_WORKED: Final = slice(1, 5)


def week_form(doctor: DoctorRecord) -> None:
    """Show the weekly plan, to be replaced; slots follow at once."""
    actor = current_actor()
    saved = read(lambda session: weeks.get_week(session, actor, doctor.id))
    _edit_week(doctor, saved)


@st.fragment
def _edit_week(doctor: DoctorRecord, saved: tuple[Hours, ...]) -> None:
    week = _opened(doctor, saved)
    stamp, days = _stamp(doctor, week), _days(doctor, week)
    for day in days:
        day.begin()
    with error_boundary():
        _show_offer(doctor, days)
        _offer_copies(days, stamp)
        for day in days:
            day.show()
        if week != saved:
            _show_conflict(doctor)
        seen = st.session_state.get(_seen_key(doctor), saved)
        if st.button(_("Save the week"), key="doctor_plan_week", type="primary"):
            _save(doctor, days, seen)
        st.session_state[_seen_key(doctor)] = saved


def _opened(doctor: DoctorRecord, saved: tuple[Hours, ...]) -> tuple[Hours, ...]:
    """Return the week that the form began with: the saved one until hours are chosen.

    What a colleague saves from then on does not remove the choices.
    """
    opened: tuple[Hours, ...] = st.session_state.get(_opened_key(doctor), saved)
    if not any(day.is_typed for day in _days(doctor, opened)):
        opened = saved
    st.session_state[_opened_key(doctor)] = opened
    return opened


def _opened_key(doctor: DoctorRecord) -> str:
    return f"doctor_week_{doctor.id}"


def _seen_key(doctor: DoctorRecord) -> str:
    """Return the key of the saved week that the person last saw."""
    return f"doctor_week_seen_{doctor.id}"


def _stamp(doctor: DoctorRecord, week: tuple[Hours, ...]) -> str:
    return f"{doctor.id}_{stamp_of(week)}"


def _days(doctor: DoctorRecord, week: tuple[Hours, ...]) -> list[DayHours]:
    stamp = _stamp(doctor, week)
    return [DayHours(number, stamp, week) for number in range(1, len(WEEKDAYS) + 1)]


def _show_conflict(doctor: DoctorRecord) -> None:
    st.warning(
        _(
            "Somebody else changed this week after you opened it. What you chose is "
            "above and not saved yet; saving it replaces theirs."
        ),
        icon=":material/sync_problem:",
    )
    st.button(
        _("Show what is saved now"),
        key="doctor_plan_theirs",
        on_click=_close,
        args=(doctor,),
    )


def _close(doctor: DoctorRecord) -> None:
    for key in (_opened_key(doctor), _seen_key(doctor)):
        st.session_state.pop(key, None)


def _show_offer(doctor: DoctorRecord, days: Sequence[DayHours]) -> None:
    """Show what could be booked with the hours chosen so far."""
    minutes = doctor.slot_minutes
    visits = {day.name: plans.visits_of_day(day.chosen, minutes) for day in days}
    count = sum(map(len, visits.values()))
    offer = _("Bookable in a week: {count} visits of {minutes} minutes.").format(
        count=decimal(count), minutes=minutes
    )
    if not doctor.is_active:
        offer = _("No times can be booked while *Can be booked* (below) is off.")
    clocks = _("Hours are in the clinic's time zone, {zone}.").format(zone=zone().key)
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
            help=_("To all days that are open, or Tuesday to Friday if none is"),
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
    doctor: DoctorRecord, days: Sequence[DayHours], seen: tuple[Hours, ...]
) -> None:
    actor = current_actor()
    hours = [
        stretch
        for day in days
        if not day.is_closed
        for stretch in plans.read_day(day.week, day.weekday, day.chosen)
    ]
    try:
        became = write(
            lambda session: weeks.change_week(
                session, actor, doctor.id, hours, calendar(), seen=seen
            )
        )
    except weeks.WeekChanged as refusal:
        # The present week is read again, and shown beside the choices.
        notify(plain(refusal_text(refusal)), icon="sync_problem")
        st.rerun()
    _close(doctor)
    show_plan_result(_("The week is saved."), became)
    st.rerun()
