"""The dashboards of an analyst, and a new one."""

import streamlit as st

from dashboard.analytics.dashboard_dialogs import PAGE, show_new_dashboard
from dashboard.context import current_actor, read
from dashboard.navigation import go
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, ngettext
from dashboard.ui.page_header import page_header
from dashboard.ui.words import at, plain
from services.analytics import dashboards
from services.analytics.dashboards import Dashboard


@st.fragment
def show_new() -> None:
    """Make a dashboard, and go there."""
    with error_boundary():
        show_new_dashboard()


def show_dashboard(dashboard: Dashboard) -> None:
    """Show what a dashboard is for, and open it."""
    draft = dashboard.draft
    with (
        st.container(border=True),
        st.container(horizontal=True, vertical_alignment="center"),
    ):
        with st.container(width="stretch", gap="xxsmall"):
            st.markdown(f"**{plain(draft.name)}**")
            if draft.description:
                st.markdown(plain(draft.description))
            number = len(draft.cards)
            st.caption(
                ngettext(
                    "{number} card · changed {time}",
                    "{number} cards · changed {time}",
                    number,
                ).format(number=number, time=at(dashboard.changed_at))
            )
        if st.button(_("Open"), key=f"dashboards_open_{dashboard.id}"):
            go(PAGE, dashboard=str(dashboard.id))


with page_header(_("Dashboards")):
    new = st.popover(_("New dashboard"), key="dashboards_new", icon=":material/add:")
with new:
    show_new()
st.caption(
    _(
        "Figures of cohorts as cards on one page, with one filter over all. Pin a card "
        "to see it on Home."
    )
)
with error_boundary():
    actor = current_actor()
    known = read(lambda session: dashboards.list_dashboards(session, actor))
    if not known:
        empty_state(
            _("No dashboards yet. Make one, then add figures that you have counted."),
            icon="dashboard",
        )
    for each in known:
        show_dashboard(each)
