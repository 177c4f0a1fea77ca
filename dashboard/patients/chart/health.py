"""A patient's health according to the record, as cards of an overview."""

from collections.abc import Sequence

import streamlit as st

from dashboard.patients.records.patient_details import show_list
from dashboard.ui.language import gettext as _
from dashboard.ui.words import plain
from services.patients.records.model import PatientRecord


def show_allergies(patient: PatientRecord) -> None:
    """Show the allergies as a card; none stated is not shown as none known."""
    with st.container(border=True, gap="small"):
        st.subheader(_("Allergies"), anchor=False)
        if patient.allergies:
            for allergy in patient.allergies:
                st.markdown(f":red[:material/warning: **{plain(allergy)}**]")
        elif patient.no_known_allergies:
            st.markdown(_(":green[:material/check: No known allergies]"))
        else:
            st.markdown(
                _(
                    ":orange[:material/help: Not stated.] Ask, then enter them with "
                    "*Edit*."
                )
            )


def show_medications(patient: PatientRecord) -> None:
    """Show the current medications as a card."""
    _card(_("Current medications"), patient.current_medications)


def show_history(patient: PatientRecord) -> None:
    """Show the medical history as a card."""
    _card(_("Medical history"), patient.medical_history)


def _card(title: str, items: Sequence[str]) -> None:
    with st.container(border=True, gap="small"):
        show_list(title, items)
