"""The calendar's grid, and where a click or drag in it leads."""

from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, now
from dashboard.navigation import go
from dashboard.ui.clock import is_twelve_hours, today
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import gettext as _
from dashboard.visits.appointments.visit_addresses import day_list_url
from dashboard.visits.calendar.blocking import ask_to_block, may_block
from dashboard.visits.calendar.drawing import hours_of, lanes_of, minute_of, spoken_day
from dashboard.visits.calendar.period import CalendarRequest, read_shown, shown_day
from dashboard.visits.calendar.time_grid import GridEvent, payload_of, time_grid
from dashboard.visits.calendar.visit_dialog import ask
from dashboard.visits.front_desk.newcomer_panel import open_newcomer
from services.core.actors import Permission
from services.visits.calendar import CalendarPeriod
from services.visits.schedule.slots.records import SlotRecord


def show_grid(shown: CalendarRequest) -> None:
    """Draw the days, and carry out the action on one of their times or visits."""
    actor, period = current_actor(), read_shown(shown)
    lanes = lanes_of(period, shown)
    if not lanes:
        _show_nobody()
        return
    payload = payload_of(
        lanes,
        name=_("Calendar of {days}").format(days=spoken_day(shown)),
        place=f"{shown.first} {shown.days} {shown.doctor_ids} {shown.is_by_room}",
        hours=hours_of(lanes),
        now=minute_of(now(), today()),
        may_book=actor.may(Permission.BOOK_VISITS),
        # Times belong to doctors: a stretch of a room would not say whose it is.
        may_draw=may_block() and not shown.is_by_room,
        has_twelve_hours=is_twelve_hours(),
    )
    _follow(time_grid(payload, key="calendar_grid"), period)


def offer_day_list(shown: CalendarRequest) -> None:
    """Offer the day's visits as a list on paper, to people who may see visits."""
    if current_actor().may(Permission.VIEW_VISITS):
        st.link_button(
            _("Print the day"),
            day_list_url(shown_day(), shown.doctor_ids),
            icon=":material/print:",
            help=_("A PDF with time, name, date of birth and phone number."),
        )


def _follow(event: GridEvent, period: CalendarPeriod) -> None:
    if event.opened in {str(newcomer.id) for newcomer in period.newcomers}:
        open_newcomer(str(event.opened))
    elif event.opened:
        ask("visit", UUID(event.opened))
    if event.booked and (slot := _slot(period, event.booked)):
        go(
            "visits/doctor.py",
            doctor=str(slot.doctor_id),
            slot=str(slot.id),
            at=slot.starts_at.isoformat(),
        )
    if event.drawn:
        ask_to_block(*event.drawn)
    if event.moved:
        visit_id, slot_id = event.moved
        ask("move", UUID(visit_id), _slot(period, slot_id))


def _slot(period: CalendarPeriod, slot_id: str) -> SlotRecord | None:
    return next((slot for slot in period.slots if str(slot.id) == slot_id), None)


def _show_nobody() -> None:
    """Say that nobody works on these days, and lead to where hours are set."""
    sentence, icon = _("No doctor can be booked here on this day."), "event_busy"
    if not may_block():
        empty_state(sentence, icon=icon)
        return
    hours = _("Working hours are set in a doctor's *Plan*.")
    if empty_state(
        f"{sentence} {hours}", icon=icon, action=_("Doctors"), key="calendar_hours"
    ):
        go("visits/doctors.py")
