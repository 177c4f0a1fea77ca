"""The patient summary to take along, as PDF in the page's language."""

from urllib.parse import urlencode
from uuid import UUID

import streamlit as st

from dashboard.context import last_write
from dashboard.ui.language import current_language, gettext as _


def offer_patient_summary(patient_id: UUID, *, page: str) -> None:
    """Draw the button; the PDF opens in a tab of its own."""
    query = {"language": current_language()}
    if after := last_write():
        query["after_lsn"] = str(after)
    st.link_button(
        _("Patient summary (PDF)"),
        f"/files/patients/{patient_id}/patient-summary.pdf?{urlencode(query)}",
        icon=":material/summarize:",
        help=_("For other clinicians: problems, medications, allergies."),
        key=f"{page}_summary",
    )
