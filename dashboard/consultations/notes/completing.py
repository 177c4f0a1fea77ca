"""Completing a visit: notes are saved with it, and the next patient is offered."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.consultations.notes import saving
from dashboard.consultations.notes.open_visit import Opened
from dashboard.consultations.notes.writing import PAGE, Writing
from dashboard.context import current_actor, in_zone, read, today
from dashboard.navigation import go
from dashboard.ui.clock import time_of_day, zone
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.words import plain
from services.consultations.notes.typed import is_empty
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitRecord, VisitStatus

_SECONDS: Final = 15.0
_OPEN: Final = (VisitStatus.SCHEDULED, VisitStatus.CHECKED_IN, VisitStatus.IN_ROOM)
_CONFIRMING: Final = f"{PAGE}_completing"


def offer_completing(opened: Opened, writing: Writing) -> None:
    """Offer to complete a visit that is not over, after a confirmation."""
    visit = opened.visit
    if visit.status not in _OPEN:
        return
    st.button(
        _("Complete the visit"),
        key="visit_complete",
        icon=":material/task_alt:",
        on_click=_begin,
        args=(visit.id,),
    )
    if st.session_state.get(_CONFIRMING) == visit.id:
        _confirm(opened, writing)


def offer_next_patient(visit: VisitRecord) -> None:
    """Offer the next patient of the clinician's day, after a completed visit."""
    actor, day = current_actor(), today()
    with error_boundary():
        of_day = read(
            lambda s: appointments.list_own_day(s, actor, day, zone()),
            keep=("own day", actor.id, day),
            seconds=_SECONDS,
        )
        upcoming = next_of([other for other in of_day if other.id != visit.id])
        if upcoming is None:
            st.caption(_("Nobody else is waiting for you or expected today."))
        elif st.button(
            _next(upcoming),
            type="primary",
            key="visit_next_patient",
            icon=":material/arrow_forward:",
        ):
            go("consultations/visit.py", visit=str(upcoming.id))


def next_of(visits: Sequence[VisitRecord]) -> VisitRecord | None:
    """Return the waiting patient with the earliest time, or the next expected one."""
    for status in (VisitStatus.CHECKED_IN, VisitStatus.SCHEDULED):
        of_status = [visit for visit in visits if visit.status is status]
        if of_status:
            return min(of_status, key=lambda visit: visit.starts_at)
    return None


def _next(visit: VisitRecord) -> str:
    said = (
        _("Next patient: {patient}, {time}, waiting")
        if visit.status is VisitStatus.CHECKED_IN
        else _("Next patient: {patient}, {time}, expected")
    )
    name = visit.patient_name or _("a patient whom you do not treat")
    time = time_of_day(in_zone(visit.starts_at))
    return said.format(patient=plain(name), time=plain(time))


def _begin(visit_id: UUID) -> None:
    st.session_state[_CONFIRMING] = visit_id


def _end() -> None:
    st.session_state.pop(_CONFIRMING, None)


@dialog(marked("Complete this visit?"), icon=":material/task_alt:", on_dismiss=_end)
def _confirm(opened: Opened, writing: Writing) -> None:
    with error_boundary():
        st.markdown(_what_will_be_kept(writing))
        if opened.visit.status is VisitStatus.SCHEDULED:
            st.markdown(
                _("This also checks the patient in: the front desk has not done so.")
            )
        if confirmed(_("Complete"), key="visit_complete_now", on_cancel=_end):
            _end()
            saving.request_action("complete", opened.visit.id)
            st.rerun()


def _what_will_be_kept(writing: Writing) -> str:
    if writing.is_touched:
        return _("What you typed is saved as version {number} of the notes.").format(
            number=writing.number + 1
        )
    if is_empty(writing.typed):
        return _(
            "**Nothing is written about this visit yet.** You can still do so later."
        )
    return _("Version {number} of the notes is saved already.").format(
        number=writing.number
    )
