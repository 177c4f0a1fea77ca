"""What was done to the servers and what happened to them: who, why, at what cost."""

import streamlit as st

from dashboard.replication.costs import history, show_chosen
from dashboard.replication.ways import ways
from dashboard.widgets.page_header import page_header

page_header("History of the servers")
ways()
st.caption(
    "Kept for ever. Writers' waiting is measured by writing: from the last write that "
    "was acknowledged before to the first one after."
)
history()
show_chosen()
