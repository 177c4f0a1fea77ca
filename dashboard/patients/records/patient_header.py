"""The same header wherever a patient is shown: who it is, and what is dangerous."""

from datetime import date

import streamlit as st

from dashboard.ui.own_photo import own_photo
from dashboard.ui.words import SEXES, born, full_name, plain
from services.patients.records.model import PatientRecord

_PHOTO_WIDTH = 96


def patient_header(patient: PatientRecord, today: date) -> None:
    """Show photo, name, allergies first, then age, birth and sex."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        _photo(patient)
        with st.container(width="stretch", gap="xsmall"):
            st.title(plain(full_name(patient)), anchor=False)
            allergy_badges(patient)
            st.markdown(f"Born {born(patient, today)} · {SEXES[patient.sex]}")


def allergy_badges(patient: PatientRecord) -> None:
    """Show allergies in the colour of danger, or what else is known about them."""
    with st.container(horizontal=True, gap="small"):
        if patient.is_archived:
            st.badge("Archived", icon=":material/archive:", color="gray")
        for allergy in patient.allergies:
            st.badge(plain(allergy), icon=":material/warning:", color="red")
        if patient.allergies:
            return
        if patient.no_known_allergies:
            st.badge("No known allergies", icon=":material/check:", color="green")
        else:
            st.badge("Allergies not stated", icon=":material/help:", color="orange")


def _photo(patient: PatientRecord) -> None:
    if patient.photo_file_id:
        own_photo(
            f"/files/patients/{patient.id}/photo"
            f"?size=thumbnail&version={patient.version}",
            of=full_name(patient),
            width=_PHOTO_WIDTH,
        )
