"""Patients who may be registered twice, offered for a merge."""

from typing import Final

import streamlit as st

from dashboard.context import read, today
from dashboard.navigation import go
from dashboard.patients.duplicates.duplicate_candidates import (
    show_candidate,
    show_candidates,
)
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.words import full_name
from services.core.actors import Actor
from services.patients.duplicates import duplicates, new_records
from services.patients.records.model import PatientRecord

_SECONDS: Final = 60.0


@st.fragment
def offer_newest_duplicates(actor: Actor) -> None:
    """Show the likeliest pairs among the last registrations; lead to comparing one."""
    chosen = None
    with st.skeleton(height=80), error_boundary():
        pairs = read(
            lambda session: new_records.list_new_duplicates(session, actor),
            keep="new_duplicates",
            seconds=_SECONDS,
        )
        if pairs:
            st.subheader(_("Possible duplicates"), anchor=False)
        for pair in pairs:
            title = _("{name} and {other}").format(
                name=full_name(pair.new), other=full_name(pair.known.patient)
            )
            # Of three alike records, two may be paired with the same third one.
            page = f"home_{pair.new.id}"
            if show_candidate(page, pair.known, today(), _("Compare"), title=title):
                chosen = pair
    if chosen:
        kept, new = chosen.known.patient.id, chosen.new.id
        go("patients/merge.py", patient=str(kept), other=str(new))


@st.fragment
def offer_duplicates(actor: Actor, patient: PatientRecord) -> None:
    """Offer records that may be of the same person, to be compared and merged."""
    chosen = None
    with st.skeleton(height=80), error_boundary():
        candidates = read(
            lambda s: duplicates.find_duplicates(
                s, actor, patient.draft(), excluding=patient.id
            ),
            keep=("duplicates", patient.id, patient.version),
        )
        if candidates:
            st.subheader(_("May be the same person"), anchor=False)
        chosen = show_candidates("patient", candidates, today(), action=_("Compare"))
    if chosen:
        go("patients/merge.py", patient=str(patient.id), other=str(chosen))
