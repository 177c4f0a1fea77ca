"""What came in and is not done: assigned to me, to nobody, or to anybody."""

import streamlit as st

from dashboard.context import freshness
from dashboard.documents.inbox.inbox_list import inbox_counts, show_inbox
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.page_header import page_header
from services.documents.inbox import InboxView

page_header("Inbox")
with error_boundary():
    counts = inbox_counts()
    first = InboxView.MINE if counts.mine else InboxView.UNASSIGNED
    st.session_state.setdefault("inbox_view", first)
    view = st.segmented_control(
        "Show",
        list(InboxView),
        required=True,
        # In the primary colour it would be too pale on a dark background.
        format_func=lambda each: f":gray[{each.value}]",
        key="inbox_view",
        label_visibility="collapsed",
    )
    st.caption(
        f"{counts.mine:,} assigned to you, {counts.unassigned:,} to nobody. What "
        "nobody is assigned to leaves the inbox after 30 days."
    )
    show_inbox(view or first)
st.caption(freshness())
