"""The waiting list: who waits for a time of which doctor, and since when."""

import streamlit as st

from dashboard.context import freshness
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header
from dashboard.visits.front_desk import waiting_patients

page_header(_("Waiting list"))
st.caption(
    _(
        "A time that becomes free is held for whoever has waited longest. Times that "
        "you open anew are held for nobody: book them here for those who wait."
    )
)
waiting_patients.show_waiting_patients()
st.caption(freshness())
