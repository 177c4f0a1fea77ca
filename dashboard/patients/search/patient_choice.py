"""Which patient something is for: found by name, or left open where it may be."""

from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, now, read, today
from dashboard.patients.search.patient_search import patient_label, patient_search
from dashboard.ui.words import born, full_name, plain
from services.core.actors import Permission
from services.lists.criteria import Criteria
from services.patients import search
from services.patients.records import patients
from services.patients.records.model import PatientRecord

UNFILED: Final = "Find the patient, or leave this empty: then it stays unfiled."
_MOST: Final = 6
_SECONDS: Final = 30.0


def choose_patient(
    page: str, start: UUID | None = None, *, advice: str = UNFILED
) -> UUID | None:
    """Ask for a patient; `start` is chosen until somebody chooses otherwise.

    Patients are asked nothing: what they do is for themselves. `advice` stands below
    the empty field.
    """
    actor = current_actor()
    if not actor.may(Permission.LIST_PATIENTS):
        return actor.patient_id
    key = f"{page}_patient"
    chosen: UUID | None = st.session_state.setdefault(key, start)
    if chosen is None:
        _search(page, advice)
        return None
    with (
        st.container(border=True),
        st.container(horizontal=True, vertical_alignment="center"),
    ):
        place = st.container()
        # Also of one who is not found: it must not be the end of the page.
        st.button(
            "Another patient", key=f"{page}_patient_other", on_click=_set, args=(key,)
        )
        patient = read(
            lambda session: patients.get_patient(session, actor, chosen),
            keep=("patient", chosen),
            seconds=_SECONDS,
        )
        place.markdown(
            f"For **{plain(full_name(patient))}**, born {born(patient, today())}"
        )
    return chosen


def forget_patient(page: str) -> None:
    """Ask anew the next time."""
    st.session_state.pop(f"{page}_patient", None)


def _set(key: str, patient_id: UUID | None = None) -> None:
    st.session_state[key] = patient_id


def _search(page: str, advice: str) -> None:
    typed = patient_search("Patient", key=f"{page}_patient_search", advice=advice)
    if not typed:
        return
    matches = _find(typed)
    if not matches:
        st.caption("Nobody is called so. Check the spelling.")
    with st.container(horizontal=True, gap="small"):
        for patient in matches:
            st.button(
                patient_label(patient, today()),
                key=f"{page}_patient_{patient.id}",
                on_click=_set,
                args=(f"{page}_patient", patient.id),
            )


def _find(typed: str) -> tuple[PatientRecord, ...]:
    actor = current_actor()
    page = read(
        lambda session: search.list_patients(
            session, actor, Criteria(search=typed), size=_MOST, now=now()
        ),
        keep=("patient_choice", typed),
        seconds=_SECONDS,
    )
    return tuple(row for row in page.rows if isinstance(row, PatientRecord))
