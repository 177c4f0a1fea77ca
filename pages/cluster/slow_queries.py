"""Slow queries: what costs the database servers most, by the shape of the query."""

import streamlit as st

from dashboard.cluster.monitoring.page_links import show_page_links
from dashboard.cluster.performance.slow_queries import show_slow_queries
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header

page_header(_("Slow queries"))
show_page_links()
st.caption(
    _(
        "The queries of each database server, by their shape and without any values: "
        "how often each ran, how long it took, and its share of the server's time."
    )
)
show_slow_queries()
