"""Vacuum and checkpoints: what PostgreSQL does about its own upkeep."""

import streamlit as st

from dashboard.cluster.monitoring.page_links import show_page_links
from dashboard.cluster.performance.vacuuming import show_upkeep
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header

page_header(_("Vacuum and checkpoints"))
show_page_links()
st.caption(
    _(
        "How large each table is, how many of its rows are dead and waiting for "
        "VACUUM, and how often the servers write a checkpoint."
    )
)
show_upkeep()
