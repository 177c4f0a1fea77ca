"""The way to a list with names for those who see none: say why, then fetch it once."""

import streamlit as st

from dashboard.patients.search.patient_listing import Listing
from dashboard.ui.error_boundary import error_boundary
from services.core.reasons import LONGEST
from services.patients.search.export_grants import MINUTES


def named_export(listing: Listing) -> None:
    """Draw the button under which the reason is asked for and the file is offered."""
    with (
        st.popover("With names", key="patients_named", icon=":material/badge:"),
        error_boundary(),
    ):
        st.markdown(
            "The file names the patients and holds their contact details. Your reason "
            "is kept in the audit log together with the export."
        )
        with st.form("patients_named_form", border=False, clear_on_submit=True):
            reason = st.text_area(
                "Reason", key="patients_named_reason", max_chars=LONGEST
            )
            asked = st.form_submit_button(
                "Prepare the file", type="primary", key="patients_named_ask"
            )
        if asked:
            st.link_button(
                "Download with names",
                listing.csv_with_names(reason),
                icon=":material/download:",
                key="patients_named_csv",
            )
            st.caption(f"It can be fetched once, within {MINUTES} minutes.")
