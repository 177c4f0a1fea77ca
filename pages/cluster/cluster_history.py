"""What was done to the servers and what happened to them: who, why, at what cost."""

import streamlit as st

from dashboard.cluster.monitoring.page_links import show_page_links
from dashboard.cluster.operations.operation_history import show_chosen, show_history
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header

page_header(_("History of the servers"))
show_page_links()
st.caption(
    _(
        "Kept forever. Writers' waiting is measured by writing: from the last write "
        "acknowledged before to the first one after."
    )
)
show_history()
show_chosen()
