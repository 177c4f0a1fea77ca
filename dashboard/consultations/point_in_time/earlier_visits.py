"""Visits of a patient as they were: what became of each, and its notes."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.consultations.notes.shown_notes import show_notes
from dashboard.consultations.point_in_time.notes_restore import show_notes_restore
from dashboard.consultations.point_in_time.visit_restore import show_visit_restore
from dashboard.context import current_actor, read
from dashboard.patients.point_in_time.point_in_time_source import PointInTimeSource
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked, translated
from dashboard.ui.words import at, plain
from services.consultations import point_in_time
from services.consultations.point_in_time import (
    VisitChange,
    VisitComparison,
    VisitsSnapshot,
)
from services.core.actors import Permission
from services.visits.front_desk.appointments import VisitRecord, VisitStatus

_LISTED: Final = "past_visits_listed"
_STATES: Final = {
    VisitStatus.SCHEDULED: marked("Booked"),
    VisitStatus.CHECKED_IN: marked("Checked in"),
    VisitStatus.IN_ROOM: marked("In the room"),
    VisitStatus.COMPLETED: marked("Completed"),
    VisitStatus.CANCELLED: marked("Was cancelled"),
    VisitStatus.NO_SHOW: marked("Did not come"),
}
_HAPPENED: Final = {
    VisitChange.SAME: marked("the same today"),
    VisitChange.ENDED: marked("in a different state today"),
    VisitChange.MOVED: marked("moved since"),
    VisitChange.CANCELLED: marked("cancelled since"),
    VisitChange.REBOOKED: marked("booked again since"),
    VisitChange.GONE: marked("gone today"),
}


def show_earlier_visits(patient_id: UUID, source: PointInTimeSource) -> None:
    """List the visits of then; show what was written about the chosen one."""
    if not current_actor().may(Permission.VIEW_VISITS):
        return
    st.subheader(_("Visits at that time"))
    with error_boundary():
        actor = current_actor()
        then = source.read_once(
            _LISTED,
            patient_id,
            lambda s, as_of: point_in_time.read_visits(
                s, actor, patient_id, as_of=as_of
            ),
        )
        compared = read(lambda s: point_in_time.compare_today(s, actor, then.visits))
        if not compared:
            st.caption(_("No visits from that time that you may see today."))
            return
        chosen = st.radio(
            _("Visits at that time"),
            compared,
            index=None,
            format_func=_label,
            key="past_visit",
            label_visibility="collapsed",
        )
        if chosen is not None:
            _show(chosen, then)


def _label(each: VisitComparison) -> str:
    return _("{visit}: {happened}").format(
        visit=_words(each.then), happened=_(_HAPPENED[each.change])
    )


def _words(visit: VisitRecord) -> str:
    return _("{at}, {doctor}, {state}").format(
        at=at(visit.starts_at),
        doctor=plain(visit.doctor_name),
        state=_(_STATES[visit.status]),
    )


def _show(compared: VisitComparison, then: VisitsSnapshot) -> None:
    visit = compared.then
    if compared.current is not None and compared.change is not VisitChange.SAME:
        st.markdown(_("Today: {visit}").format(visit=_words(compared.current)))
    if visit.note:
        st.text(visit.note)
    if (notes := then.notes.get(visit.id)) is not None:
        show_notes(notes)
    for line in _prescribed(visit.id, then):
        st.text(line)
    show_visit_restore(compared, then)
    if notes is not None:
        show_notes_restore(compared, notes, then.timestamp)


def _prescribed(visit_id: UUID, then: VisitsSnapshot) -> Iterator[str]:
    """Yield the prescriptions of then, one drug per line."""
    if (issued := then.prescriptions.get(visit_id)) is None:
        return
    for line in issued.version.lines:
        taken = translated(line.dose_and_route)
        parts = (line.drug, taken, line.frequency, line.duration)
        yield ", ".join(filter(None, parts))
