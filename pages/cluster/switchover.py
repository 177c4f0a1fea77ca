"""Change the primary: a dry run first, then the change, then what it cost."""

import streamlit as st

from dashboard.cluster.monitoring.page_links import show_page_links
from dashboard.cluster.operations.changing_primary import (
    show_planned,
    show_primary_form,
)
from dashboard.cluster.operations.cluster_view import next_planned, preview_change
from dashboard.cluster.operations.running_operation import show_running
from dashboard.people.passkey_confirmation import ask_for_passkey
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header

page_header(_("Change the primary"))
show_page_links()
st.caption(
    _(
        "One server takes all changes: the primary. Here you make another server the "
        "primary. What that would mean is shown first; nothing happens before you "
        "press the button."
    )
)
with error_boundary():
    if not show_running():
        ask_for_passkey(_("Changing the primary"))
        if (planned := next_planned()) is not None:
            show_planned(planned)
        show_primary_form(preview_change())
