"""A patient's record as it was a while ago, and the way of it back into today."""

from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, now, require, today
from dashboard.patients.point_in_time import standby_reading
from dashboard.patients.point_in_time.record_comparison import compare
from dashboard.patients.records.chosen_patient import named_patient
from dashboard.patients.search.patient_search import patient_label, patient_search
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.page_header import page_header
from dashboard.ui.words import at
from services.core.actors import Permission
from services.patients import point_in_time

_ADVICE: Final = "Find the patient whose record was changed or archived by mistake."

actor = current_actor()
require(Permission.COPY_FROM_PAST)


def search() -> UUID | None:
    """Find somebody as of then; return who was chosen."""
    typed = patient_search("Patient, as of then", key="past_typed", advice=_ADVICE)
    if not typed:
        return None
    standby_reading.wait_here()
    snapshot = standby_reading.read_from_standby(
        lambda s: point_in_time.find(s, actor, typed, now=now())
    )
    if not snapshot.patients:
        empty_state(
            "Nobody is found as of then. Try the family name alone, or the date of "
            "birth; whoever was registered since is in the list of patients.",
            icon="search_off",
        )
        return None
    chosen = st.radio(
        f"As of {at(snapshot.timestamp)}" if snapshot.timestamp else "As of then",
        snapshot.patients,
        index=None,
        format_func=lambda patient: patient_label(patient, today()),
        key="past_chosen",
    )
    # Nobody's record is opened before somebody is chosen.
    return chosen.id if chosen else None


def show_waiting() -> None:
    """Say that the standby waits, and let it go on."""
    until = standby_reading.waits_until()
    if until is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"The standby waits at this moment for you until {at(until)}.")
        if st.button("Let it go on", key="past_go_on"):
            standby_reading.go_on()
            st.rerun()


page_header("As it was")
if not standby_reading.standbys():
    empty_state(
        "No server stays behind on purpose. An administrator can add a delayed standby "
        "under Replication; from then on the last 15 minutes can be looked up here.",
        icon="history_toggle_off",
    )
else:
    with error_boundary():
        chosen = named_patient() if "patient" in st.query_params else search()
        if chosen:
            standby_reading.wait_here()
            compare(actor, chosen)
    show_waiting()
