"""What was done to the servers and what happened to them: who, why, at what cost."""

import streamlit as st

from dashboard.cluster.monitoring.page_links import ways
from dashboard.cluster.operations.operation_history import history, show_chosen
from dashboard.ui.page_header import page_header

page_header("History of the servers")
ways()
st.caption(
    "Kept for ever. Writers' waiting is measured by writing: from the last write that "
    "was acknowledged before to the first one after."
)
history()
show_chosen()
