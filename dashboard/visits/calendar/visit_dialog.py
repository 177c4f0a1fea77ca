"""One visit of the calendar: its facts, and the actions on it."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, now, read
from dashboard.navigation import go, open_patient
from dashboard.ui.clock import today
from dashboard.ui.dialogs import dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, long_date, marked
from dashboard.ui.notices import notify
from dashboard.ui.words import plain
from dashboard.visits.appointments.visits_table import ask_to_cancel
from dashboard.visits.booking.times import clock, from_to, shortly
from dashboard.visits.calendar.moving_dialog import ask_where_to
from dashboard.visits.front_desk import desk_actions, desk_words
from dashboard.visits.front_desk.desk_tables import action_named, actions_of
from services.core.actors import Permission
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitRecord, VisitStatus
from services.visits.schedule.slots.records import SlotRecord

_REQUEST: Final = "calendar_asked"
_LABEL_WIDTH: Final = 110


def ask(question: str, visit_id: UUID, slot: SlotRecord | None = None) -> None:
    """Open a dialog of a visit in the next run: visit, move or cancel."""
    st.session_state[_REQUEST] = (question, visit_id, slot)
    st.rerun()


def show_requested_dialog() -> None:
    """Open the requested dialog: once, since it stays until it is closed.

    From the page, not from the grid: a fragment that reruns by itself closes what it
    has opened.
    """
    request: tuple[str, UUID, SlotRecord | None] | None = st.session_state.pop(
        _REQUEST, None
    )
    if request is None:
        return
    question, visit_id, slot = request
    actor = current_actor()
    visit = read(lambda session: appointments.get(session, actor, visit_id))
    if question == "visit":
        _show_visit(visit)
    elif question == "move":
        ask_where_to(visit, slot)
    else:
        ask_to_cancel(visit)


@dialog(marked("Visit"), icon=":material/event:", width="medium")
def _show_visit(visit: VisitRecord) -> None:
    with error_boundary():
        state = desk_words.state(visit, now())
        for label, fact in (
            (_("Patient"), f"**{plain(desk_words.listed_patient_name(visit))}**"),
            (_("Born"), plain(desk_words.born_and_aged(visit, today()))),
            (_("Deceased"), long_date(visit.deceased_on) if visit.deceased_on else ""),
            (_("Phone"), _phone(visit)),
            (_("When"), from_to(shortly(visit.starts_at), clock(visit.ends_at))),
            (_("With"), plain(desk_words.doctor_and_room(visit))),
            (_("Reason"), plain(visit.note)),
            (_("State"), f":material/{state.icon}: {state.text}"),
            (_("Reminder"), _called(visit)),
        ):
            if fact:
                with st.container(horizontal=True, gap="small"):
                    st.markdown(f":gray[{label}]", width=_LABEL_WIDTH)
                    st.markdown(fact, width="stretch")
        _offer_actions(visit)


def _phone(visit: VisitRecord) -> str:
    """Return the number to call, as a link for computers that can call."""
    return f"[{plain(visit.phone)}](tel:{visit.phone})" if visit.phone else ""


def _called(visit: VisitRecord) -> str:
    """Return the outcome of phoning the patient; empty if nobody has phoned."""
    if visit.call is None:
        return ""
    said = desk_words.called(visit, now())
    return f":material/{said.icon}: {plain(said.text)}"


def _offer_actions(visit: VisitRecord) -> None:
    actor = current_actor()
    with st.container(horizontal=True, gap="small"):
        if actor.may(Permission.RUN_THE_DESK):
            _offer_desk_actions(visit)
        if visit.status is VisitStatus.SCHEDULED and actor.may(Permission.BOOK_VISITS):
            _offer(_("Move…"), "event_repeat", lambda: ask("move", visit.id))
            _offer(_("Cancel visit…"), "event_busy", lambda: ask("cancel", visit.id))
    with st.container(horizontal=True, gap="small"):
        if visit.patient_name and actor.may(Permission.VIEW_PATIENT):
            _offer(
                _("Open the patient"), "person", lambda: open_patient(visit.patient_id)
            )
        if actor.may(Permission.WRITE_RECORDS):
            _offer(
                _("Open the visit"),
                "stethoscope",
                lambda: go("consultations/visit.py", visit=str(visit.id)),
            )


def _offer_desk_actions(visit: VisitRecord) -> None:
    for number, action in enumerate(actions_of(visit, now())):
        wanted = st.button(
            action.label,
            key=f"calendar_visit_{action.name}",
            icon=f":material/{action.icon}:",
            type="primary" if number == 0 else "secondary",
        )
        if wanted and (name := action_named(action.name)):
            notify(desk_actions.do(visit, name))
            st.rerun()


def _offer(label: str, icon: str, action: Callable[[], None]) -> None:
    if st.button(label, key=f"calendar_visit_{icon}", icon=f":material/{icon}:"):
        action()
