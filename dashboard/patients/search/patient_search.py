"""The field in which a patient is looked for, and how those found are told apart."""

from datetime import date

import streamlit as st

from dashboard.ui.words import born, listed_name, plain
from services.patients.records.model import PatientRecord


def patient_search(label: str, *, key: str, advice: str) -> str:
    """Ask for a patient; return what was typed. While that is nothing, give advice."""
    typed = st.text_input(
        label,
        key=key,
        type="search",
        placeholder="Name, patient id or date of birth",
        icon=":material/search:",
        autocomplete="off",
    ).strip()
    if not typed:
        st.caption(advice)
    return typed


def patient_label(patient: PatientRecord, day: date) -> str:
    """Return the name and the birth, as Markdown of one line; `day` is today."""
    return f"{plain(listed_name(patient))}, born {born(patient, day)}"
