"""What came in and is not done: assigned to me, to nobody, or to anybody."""

import streamlit as st

from dashboard.context import freshness
from dashboard.documents.inbox.inbox_list import inbox_counts, show_inbox
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import decimal, gettext as _
from dashboard.ui.page_header import page_header
from services.documents.inbox import InboxView

page_header(_("Inbox"))
with error_boundary():
    counts = inbox_counts()
    first = InboxView.MINE if counts.mine else InboxView.UNASSIGNED
    st.session_state.setdefault("inbox_view", first)
    view = st.segmented_control(
        _("Show"),
        list(InboxView),
        required=True,
        # In the primary colour it would be too pale on a dark background.
        format_func=lambda each: f":gray[{_(each.value)}]",
        key="inbox_view",
        label_visibility="collapsed",
    )
    st.caption(
        _(
            "{mine} assigned to you, {unassigned} to nobody. Documents assigned to "
            "nobody leave the inbox after 30 days."
        ).format(mine=decimal(counts.mine), unassigned=decimal(counts.unassigned))
    )
    show_inbox(view or first)
st.caption(freshness())
