"""Patients whom the clinic may know twice, offered for a merge."""

from typing import Final

import streamlit as st

from dashboard.context import read, today
from dashboard.navigation import go
from dashboard.patients.duplicates.duplicate_candidates import candidate, candidate_list
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.words import full_name
from services.core.actors import Actor
from services.patients.duplicates import duplicates, new_records
from services.patients.records.model import PatientRecord

_SECONDS: Final = 60.0


@st.fragment
def offer_newest_twins(actor: Actor) -> None:
    """Show the likeliest pairs among the last registrations; go where one compares."""
    chosen = None
    with st.skeleton(height=80), error_boundary():
        found = read(
            lambda session: new_records.list_twins(session, actor),
            keep="twins",
            seconds=_SECONDS,
        )
        if found:
            st.subheader("May be registered twice", anchor=False)
        for twins in found:
            title = f"{full_name(twins.new)} and {full_name(twins.known.patient)}"
            if candidate("home", twins.known, today(), "Compare", title=title):
                chosen = twins
    if chosen:
        kept, new = chosen.known.patient.id, chosen.new.id
        go("patients/merge.py", patient=str(kept), other=str(new))


@st.fragment
def offer_duplicates(actor: Actor, patient: PatientRecord) -> None:
    """Offer what looks like the same person, to be compared and merged."""
    chosen = None
    with st.skeleton(height=80), error_boundary():
        found = read(
            lambda s: duplicates.find_duplicates(
                s, actor, patient.draft(), excluding=patient.id
            ),
            keep=("duplicates", patient.id, patient.version),
        )
        if found:
            st.subheader("May be the same person", anchor=False)
        chosen = candidate_list("patient", found, today(), action="Compare")
    if chosen:
        go("patients/merge.py", patient=str(patient.id), other=str(chosen))
