"""Change the primary: a dry run first, then the deed, then what it cost."""

import streamlit as st

from dashboard.cluster.monitoring.page_links import ways
from dashboard.cluster.operations.changing_primary import change_primary, show_planned
from dashboard.cluster.operations.cluster_view import dry_run, next_planned
from dashboard.cluster.operations.running_operation import follow
from dashboard.people.passkey_confirmation import ask_for_passkey
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.page_header import page_header

page_header("Change the primary")
ways()
st.caption(
    "One server takes all changes: the primary. Here another one takes its place. What "
    "it would mean is shown first; nothing happens before you press the button."
)
with error_boundary():
    if not follow():
        ask_for_passkey("Changing the primary")
        if (planned := next_planned()) is not None:
            show_planned(planned)
        change_primary(dry_run())
