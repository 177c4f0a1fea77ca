"""The visits of a patient on their page, and the ways to book and to see all."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal
from uuid import UUID

import streamlit as st

from dashboard.context import CachedRead, current_actor, now, read_all
from dashboard.navigation import go
from dashboard.patients.chart.depth import most_shown, offer_earlier
from dashboard.patients.chart.timeline import ChartEvent, EventKind
from dashboard.ui.clock import midnight
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.record_table import Tone
from dashboard.ui.words import plain
from dashboard.visits.appointments.visits_table import state_of, visits_table
from dashboard.visits.booking.times import when
from services.core.actors import Actor, Permission, Role
from services.patients.records.model import PatientRecord
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitRecord, VisitStatus
from services.visits.schedule import permissions

_UNDER_WAY = (VisitStatus.CHECKED_IN, VisitStatus.IN_ROOM)
_OPEN = (VisitStatus.SCHEDULED, *_UNDER_WAY)
_SECONDS = 5.0
_COLOURS: Final[dict[Tone, Literal["gray", "green", "orange", "red", "blue"]]] = {
    "plain": "gray",
    "muted": "gray",
    "ok": "green",
    "warn": "orange",
    "danger": "red",
    "info": "blue",
}


def visits_of(patient_id: UUID) -> tuple[VisitRecord, ...]:
    """Return the patient's visits as far back as is shown, the latest first."""
    visits: tuple[VisitRecord, ...]
    (visits,) = read_all(_visits(current_actor(), patient_id))
    return visits


def visits_reads(patient_id: UUID) -> list[CachedRead[Any]]:
    """Return the reads that the parts made of visits need."""
    actor = current_actor()
    may = actor.may(permissions.view_permission(actor))
    return [_visits(actor, patient_id)] if may else []


def _visits(actor: Actor, patient_id: UUID) -> CachedRead[tuple[VisitRecord, ...]]:
    most = most_shown(patient_id)
    return CachedRead(
        lambda s: appointments.list_of_patient(s, actor, patient_id, limit=most),
        keep=("visits", patient_id, most),
        seconds=_SECONDS,
    )


def upcoming(visits: tuple[VisitRecord, ...]) -> list[VisitRecord]:
    """Return the visits under way, then those to come, each the earliest first.

    A checked-in patient waits or is with the doctor, and one booked for today may be
    late: a visit is not over because its time has passed, but one under way comes
    first.
    """
    until = midnight(now().date())
    ahead = [
        visit for visit in visits if visit.status in _OPEN and visit.ends_at > until
    ]
    return sorted(
        ahead,
        key=lambda visit: (visit.status not in _UNDER_WAY, visit.starts_at),
    )


def show_next_visit(patient: PatientRecord, *, page: str) -> None:
    """Show the next visit as a card, to people who may see visits."""
    actor = current_actor()
    if not actor.may(permissions.view_permission(actor)):
        return
    with st.container(border=True, gap="small"), error_boundary():
        st.subheader(_("Next visit"), anchor=False)
        ahead = upcoming(visits_of(patient.id))
        if ahead:
            visit = ahead[0]
            room = (
                _(", room {room}").format(room=plain(visit.room)) if visit.room else ""
            )
            st.markdown(f"**{when(visit.starts_at)}**")
            st.markdown(f"{plain(visit.doctor_name)}, {plain(visit.speciality)}{room}")
            show_state(visit)
            if visit.note:
                st.caption(plain(visit.note))
            if len(ahead) > 1:
                st.caption(
                    _("And {count} more under *Visits*.").format(count=len(ahead) - 1)
                )
        else:
            st.caption(_("No visit is booked."))
        _offer_booking(patient, page=page)


def show_state(visit: VisitRecord) -> None:
    """Show in colour how far a visit has come."""
    state = state_of(visit)
    st.badge(state.text, icon=f":material/{state.icon}:", color=_COLOURS[state.tone])


@st.fragment
def show_next_visits(patient: PatientRecord, *, page: str) -> None:
    """Show the patient's next visits, to people who may see visits."""
    actor = current_actor()
    own = actor.role is Role.PATIENT
    if not actor.may(permissions.view_permission(actor)):
        return
    st.subheader(_("Visits"), anchor=False)
    with error_boundary():
        ahead = upcoming(visits_of(patient.id))
        if ahead:
            visits_table(ahead, name=_("Next visits"), key=f"{page}_visits")
        else:
            st.caption(_("No visit is booked."))
        with st.container(horizontal=True):
            _offer_booking(patient, page=page)
            if st.button(_("All visits"), key=f"{page}_all_visits", type="tertiary"):
                go("visits/visits.py", **({} if own else {"patient": str(patient.id)}))


@st.fragment
def show_earlier_visits_of(patient_id: UUID, *, page: str) -> None:
    """Show the visits that are over, the latest first, with their outcome."""
    actor = current_actor()
    if not actor.may(permissions.view_permission(actor)):
        return
    with error_boundary():
        visits = visits_of(patient_id)
        ahead = {visit.id for visit in upcoming(visits)}
        if earlier := [visit for visit in visits if visit.id not in ahead]:
            st.subheader(_("Earlier visits"), anchor=False)
            visits_table(earlier, name=_("Earlier visits"), key=f"{page}_earlier")
        offer_earlier_visits(patient_id, visits, page=page)


def offer_earlier_visits(
    patient_id: UUID, visits: Sequence[VisitRecord], *, page: str
) -> None:
    """Show where a patient's list of visits is cut, if it is; offer earlier ones."""
    latest = _("The latest {number} visits are shown.")
    offer_earlier(patient_id, len(visits), latest, key=f"{page}_earlier_more")


def visit_events(patient_id: UUID) -> Iterator[ChartEvent]:
    """Return the visits for the time line, with links to the notes for clinicians."""
    writes = current_actor().may(Permission.WRITE_RECORDS)
    for visit in visits_of(patient_id):
        state = state_of(visit).text
        yield ChartEvent(
            EventKind.VISIT,
            visit.starts_at,
            f"{state}: {visit.note}" if visit.note else state,
            visit.doctor_name,
            page="consultations/visit.py" if writes else "patients/patient.py",
            query=(
                {"visit": str(visit.id)}
                if writes
                else {"patient": str(patient_id), "part": "visits"}
            ),
        )


def _offer_booking(patient: PatientRecord, *, page: str) -> None:
    own = current_actor().role is Role.PATIENT
    if patient.is_bookable and st.button(
        _("Book a visit"), key=f"{page}_book", icon=":material/event_available:"
    ):
        go("visits/book.py", **({} if own else {"patient": str(patient.id)}))
