"""The dashboards of an analyst, and a new one."""

import streamlit as st

from dashboard.analytics.count_alerts import show_count_alerts
from dashboard.analytics.dashboards.dialogs import PAGE, show_new_dashboard
from dashboard.analytics.dashboards.sharing import localised, sharing_words
from dashboard.analytics.dashboards.subscription_list import show_subscriptions
from dashboard.context import current_actor, read
from dashboard.navigation import go
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary, fragment_of
from dashboard.ui.language import gettext as _, ngettext
from dashboard.ui.page_header import page_header
from dashboard.ui.words import at, plain
from services.analytics import dashboards
from services.analytics.dashboards import BUILT_IN, Dashboard


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
                    "{number} card · changed {time} · {sharing}",
                    "{number} cards · changed {time} · {sharing}",
                    number,
                ).format(
                    number=number,
                    time=at(dashboard.changed_at),
                    sharing=sharing_words(dashboard),
                )
            )
        if st.button(_("Open"), key=f"dashboards_open_{dashboard.id}"):
            go(PAGE, dashboard=str(dashboard.id))


def show_ready(key: str) -> None:
    """Show what a dashboard that comes with the app is about, and open it."""
    draft = localised(BUILT_IN[key])
    with (
        st.container(border=True),
        st.container(horizontal=True, vertical_alignment="center"),
    ):
        with st.container(width="stretch", gap="xxsmall"):
            st.markdown(f"**{plain(draft.name)}**")
            st.markdown(plain(draft.description))
        if st.button(_("Open"), key=f"dashboards_ready_{key}"):
            go(PAGE, dashboard=key)


with page_header(_("Dashboards")):
    new = st.popover(_("New dashboard"), key="dashboards_new", icon=":material/add:")
with new:
    fragment_of(show_new_dashboard)()
st.caption(
    _(
        "Figures of cohorts as cards on one page, with one filter for all. Pin a "
        "card to see it on Home."
    )
)
with error_boundary():
    actor = current_actor()
    known = read(lambda session: dashboards.list_dashboards(session, actor))
    if not known:
        empty_state(
            _("No dashboards of your own yet. Create one, or copy one of those below."),
            icon="dashboard",
        )
    for each in known:
        show_dashboard(each)
show_subscriptions()
show_count_alerts()
st.subheader(_("Ready-made dashboards"), anchor=False)
st.caption(_("These come with the app. Copy one to change it."))
for name in BUILT_IN:
    show_ready(name)
