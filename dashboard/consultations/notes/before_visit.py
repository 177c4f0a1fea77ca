"""The patient's visits before the open one, and their notes."""

from typing import Any, Final

import streamlit as st

from dashboard.consultations.notes.open_visit import Opened
from dashboard.consultations.notes.shown_notes import coded, show_notes
from dashboard.context import CachedRead, current_actor, read_all
from dashboard.navigation import go
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import gettext as _
from dashboard.ui.words import at, plain
from services.consultations import notes
from services.consultations.notes import EarlierNotes
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitRecord, VisitStatus

_SECONDS: Final = 10.0
_MOST: Final = 10
# Visits that did not take place are on the time line.
_HELD: Final = (
    VisitStatus.CHECKED_IN,
    VisitStatus.IN_ROOM,
    VisitStatus.COMPLETED,
)


def notes_before(opened: Opened) -> tuple[EarlierNotes, ...]:
    """Return the notes of the visits before this one, the latest first."""
    written: tuple[EarlierNotes, ...]
    (written,) = read_all(_notes(opened))
    return written


def show_earlier_visits(opened: Opened) -> None:
    """List the visits before this one, the latest first, each with its notes."""
    visits, written = read_all(_visits(opened), _notes(opened))
    notes_by_visit = {visit.appointment_id: visit.notes for visit in written}
    earlier = [
        visit
        for visit in visits
        if visit.starts_at < opened.visit.starts_at and visit.status in _HELD
    ]
    if not earlier:
        empty_state(_("This is the patient's first visit here."), icon="history")
    for visit in earlier[:_MOST]:
        _earlier(visit, notes_by_visit.get(visit.id))
    if len(earlier) > _MOST and st.button(
        _("All earlier visits"), key="visit_all_earlier", type="tertiary"
    ):
        go("patients/patient.py", patient=str(opened.patient.id), part="time-line")


def _earlier(visit: VisitRecord, written: notes.Notes | None) -> None:
    when = at(visit.starts_at)
    with st.container(border=True, gap="small"):
        st.markdown(f"**{when}** · {plain(visit.doctor_name)}")
        if visit.note:
            st.caption(plain(visit.note))
        if written is None:
            st.caption(_("No notes were saved."))
            return
        if written.diagnoses:
            st.markdown("; ".join(map(coded, written.diagnoses)))
        with st.expander(_("Notes of {when}").format(when=when)):
            show_notes(written)


def _notes(opened: Opened) -> CachedRead[Any]:
    actor, visit = current_actor(), opened.visit
    return CachedRead(
        lambda s: notes.list_of_patient(
            s, actor, visit.patient_id, before=visit.starts_at
        ),
        keep=("notes_before", visit.id),
        seconds=_SECONDS,
    )


def _visits(opened: Opened) -> CachedRead[Any]:
    actor, visit = current_actor(), opened.visit
    return CachedRead(
        lambda s: appointments.list_of_patient(s, actor, visit.patient_id),
        keep=("visits_before", visit.id),
        seconds=_SECONDS,
    )
