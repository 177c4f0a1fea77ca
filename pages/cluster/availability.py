"""Availability: how long the clinic was available, and its remaining error budget."""

import streamlit as st

from dashboard.cluster.monitoring.page_links import show_page_links
from dashboard.cluster.performance.availability import show_availability
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header

page_header(_("Availability"))
show_page_links()
st.caption(
    _(
        "The clinic is available while a web server answers and the database takes "
        "changes. The worker checks that every second; seconds it did not see are "
        "shown as not known, and count for neither side."
    )
)
show_availability()
