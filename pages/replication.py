"""The servers that keep the records: who leads, who follows, how far behind."""

import streamlit as st

from dashboard.context import cluster_state, in_zone, now
from dashboard.net import net
from dashboard.widgets.cluster_nodes import cluster_nodes
from dashboard.widgets.page_header import page_header


@st.fragment(run_every="5s")
def servers() -> None:
    """Show the servers as last seen, again every few seconds."""
    with net():
        cluster_nodes(cluster_state())
        st.caption(f"as of {in_zone(now()):%H:%M:%S}, every 5 seconds")


page_header("Replication")
servers()
