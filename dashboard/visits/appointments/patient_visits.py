"""The next visits on a patient's page, and the ways to book and to see all."""

from typing import Any
from uuid import UUID

import streamlit as st

from dashboard.context import CachedRead, current_actor, now, read_all
from dashboard.navigation import go
from dashboard.ui.error_boundary import error_boundary
from dashboard.visits.appointments.visits_table import visits_table
from services.core.actors import Actor, Role
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitRecord, VisitStatus
from services.visits.schedule import permissions

_OPEN = (VisitStatus.SCHEDULED, VisitStatus.CHECKED_IN)
_SECONDS = 5.0


def visits_of(patient_id: UUID) -> tuple[VisitRecord, ...]:
    """Return all visits of a patient, the latest first."""
    visits: tuple[VisitRecord, ...]
    (visits,) = read_all(_visits(current_actor(), patient_id))
    return visits


def next_visits_reads(patient_id: UUID) -> list[CachedRead[Any]]:
    """Return what `show_next_visits` is going to read."""
    actor = current_actor()
    may = actor.may(permissions.to_view(actor))
    return [_visits(actor, patient_id)] if may else []


def _visits(actor: Actor, patient_id: UUID) -> CachedRead[tuple[VisitRecord, ...]]:
    return CachedRead(
        lambda session: appointments.list_of_patient(session, actor, patient_id),
        keep=("visits", patient_id),
        seconds=_SECONDS,
    )


def upcoming(visits: tuple[VisitRecord, ...]) -> list[VisitRecord]:
    """Return those that are still to come, the next one first."""
    ahead = [
        visit for visit in visits if visit.status in _OPEN and visit.ends_at > now()
    ]
    return sorted(ahead, key=lambda visit: visit.starts_at)


@st.fragment
def show_next_visits(patient_id: UUID, *, page: str) -> None:
    """Show the patient's next visits, to those who may see visits."""
    actor = current_actor()
    own = actor.role is Role.PATIENT
    if not actor.may(permissions.to_view(actor)):
        return
    st.subheader("Visits", anchor=False)
    with error_boundary():
        ahead = upcoming(visits_of(patient_id))
        if ahead:
            visits_table(ahead, name="Next visits", key=f"{page}_visits")
        else:
            st.caption("No visit is booked.")
        query = {} if own else {"patient": str(patient_id)}
        with st.container(horizontal=True):
            if st.button(
                "Book a visit", key=f"{page}_book", icon=":material/event_available:"
            ):
                go("visits/book.py", **query)
            if st.button("All visits", key=f"{page}_all_visits", type="tertiary"):
                go("visits/visits.py", **query)
