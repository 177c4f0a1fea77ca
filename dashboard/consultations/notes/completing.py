"""Completing a visit: what is typed is saved with it."""

from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.consultations.notes import saving
from dashboard.consultations.notes.open_visit import Opened
from dashboard.consultations.notes.writing import PAGE, Writing
from dashboard.ui.error_boundary import error_boundary
from services.consultations.notes.typed import is_empty
from services.visits.front_desk.appointments import VisitStatus

_OPEN: Final = (VisitStatus.SCHEDULED, VisitStatus.CHECKED_IN)
_CONFIRMING: Final = f"{PAGE}_completing"


def offer_completing(opened: Opened, writing: Writing) -> None:
    """Offer to complete a visit that is not over, and have it confirmed."""
    visit = opened.visit
    if visit.status not in _OPEN:
        return
    st.button(
        "Complete the visit",
        key="visit_complete",
        icon=":material/task_alt:",
        on_click=_begin,
        args=(visit.id,),
    )
    if st.session_state.get(_CONFIRMING) == visit.id:
        _confirm(opened, writing)


def _begin(visit_id: UUID) -> None:
    st.session_state[_CONFIRMING] = visit_id


def _end() -> None:
    st.session_state.pop(_CONFIRMING, None)


@st.dialog("Complete this visit?", icon=":material/task_alt:", on_dismiss=_end)
def _confirm(opened: Opened, writing: Writing) -> None:
    with error_boundary():
        st.markdown(_what_will_be_kept(writing))
        if opened.visit.status is VisitStatus.SCHEDULED:
            st.markdown("The patient is checked in with it: the desk has not done so.")
        if st.button("Complete", type="primary", key="visit_complete_now"):
            _end()
            saving.ask("complete", opened.visit.id)
            st.rerun()


def _what_will_be_kept(writing: Writing) -> str:
    if writing.is_touched:
        return f"What you typed is saved as version {writing.number + 1} of the notes."
    if is_empty(writing.typed):
        return "**Nothing is written about this visit yet.** You can still do so later."
    return f"Version {writing.number} of the notes is saved already."
