"""Who looked at my record, in sentences."""

import streamlit as st

from dashboard.audit import audit_log
from dashboard.audit.audit_table import show_access_table
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header


def begin_anew() -> None:
    """Show the newest again: the page's position belongs to the other list."""
    st.session_state.pop("accesses_after", None)


after = st.session_state.get("accesses_after")

page_header(_("Access history"))
st.caption(
    _(
        "Everybody who opened or changed your record, newest first. If something "
        "looks wrong, tell the front desk."
    )
)
has_lists = st.toggle(
    _("Also show lists and searches that included you"),
    key="accesses_lists",
    on_change=begin_anew,
)
entries = audit_log.accesses(after, has_lists=has_lists)
if entries:
    show_access_table(entries, key="accesses_table")
else:
    empty_state(_("Nobody has looked at your record."), icon="visibility_off")
with st.container(horizontal=True, gap="small"):
    if st.button(_("Newest"), key="accesses_newest", icon=":material/first_page:"):
        st.session_state.pop("accesses_after", None)
        st.rerun()
    if entries and st.button(
        _("Older"), key="accesses_older", icon=":material/chevron_right:"
    ):
        st.session_state["accesses_after"] = entries[-1].cursor
        st.rerun()
