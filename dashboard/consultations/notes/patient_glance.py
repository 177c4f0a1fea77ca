"""The patient and the visit at a glance: dangers come first."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.consultations.notes.completing import offer_next_patient
from dashboard.consultations.notes.open_visit import Opened
from dashboard.context import in_zone
from dashboard.navigation import go
from dashboard.patients.care.care_team import show_outside_care
from dashboard.patients.records.patient_header import patient_header, warn_if_archived
from dashboard.ui.clock import time_of_day
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.measures import lasting
from dashboard.ui.page_header import name_breadcrumb
from dashboard.ui.words import at, listed_name, plain
from services.visits.front_desk.appointments import VisitRecord, VisitStatus

_MINUTE: Final = 60
# The rest of the chart: the button, its icon, the part of the patient's page.
_CHART: Final = (
    (marked("Chart"), "clinical_notes", "overview"),
    (marked("Time line"), "timeline", "time-line"),
    (marked("Documents"), "folder_open", "documents"),
)


def show_glance(opened: Opened) -> None:
    """Show the patient, allergies first, then known facts and the visit's reason."""
    patient, visit = opened.patient, opened.visit
    patient_header(patient)
    warn_if_archived(patient)
    name_breadcrumb("visit", listed_name(patient), visit=str(visit.id))
    _offer_chart(patient.id)
    # If it cannot be read, the rest of the page goes on: somebody is typing there.
    with error_boundary():
        show_outside_care(patient)
    history, medications, reason = st.columns((1, 1, 1), gap="medium")
    with history:
        _list(_("Medical history"), patient.medical_history)
    with medications:
        _list(_("Current medications"), patient.current_medications)
    with reason:
        st.markdown(_("**This visit**"))
        st.markdown(
            plain(visit.note) if visit.note else _(":gray[No reason was given]")
        )
        st.markdown(
            _("{start} to {end}").format(
                start=at(visit.starts_at), end=time_of_day(in_zone(visit.ends_at))
            )
        )
        st.markdown(f"{plain(visit.doctor_name)}, {plain(visit.speciality)}")
    _show_status(visit)


def _offer_chart(patient_id: UUID) -> None:
    """Offer the rest of the patient's chart; what is typed here is kept meanwhile."""
    with st.container(horizontal=True):
        for label, icon, part in _CHART:
            if st.button(_(label), key=f"visit_to_{icon}", icon=f":material/{icon}:"):
                go("patients/patient.py", patient=str(patient_id), part=part)


def _list(title: str, items: Sequence[str]) -> None:
    st.markdown(f"**{title}**")
    st.markdown(
        "\n".join(f"- {plain(item)}" for item in items) or _(":gray[Nothing entered]")
    )


def _show_status(visit: VisitRecord) -> None:
    match visit.status:
        case VisitStatus.SCHEDULED:
            st.info(_("Not checked in at the desk yet."), icon=":material/event:")
        case VisitStatus.CHECKED_IN:
            st.info(_waiting(visit.waited_seconds), icon=":material/how_to_reg:")
        case VisitStatus.IN_ROOM:
            st.info(_("In the room."), icon=":material/meeting_room:")
        case VisitStatus.COMPLETED:
            st.success(
                _(
                    "This visit is completed. What you save now becomes the next "
                    "version of its notes."
                ),
                icon=":material/task_alt:",
            )
            offer_next_patient(visit)
        case VisitStatus.CANCELLED:
            st.warning(_("This visit was cancelled."), icon=":material/event_busy:")
        case VisitStatus.NO_SHOW:
            st.warning(_("The patient did not come."), icon=":material/person_off:")


def _waiting(seconds: float | None) -> str:
    minutes = int((seconds or 0) // _MINUTE)
    if minutes == 0:
        return _("Checked in, just now.")
    return _("Checked in, waiting for {time}.").format(time=lasting(minutes))
