"""With whom a dashboard is shared, and a copy of one that is somebody else's."""

from dataclasses import replace
from uuid import uuid4

import streamlit as st

from dashboard.analytics.dashboards.dialogs import PAGE
from dashboard.context import current_actor, read, write
from dashboard.navigation import go
from dashboard.ui.fields import bounded_line
from dashboard.ui.language import gettext as _, translated
from dashboard.ui.notices import notify
from dashboard.ui.words import plain
from services.analytics import dashboards
from services.analytics.dashboards import LONGEST_NAME, Dashboard, DashboardDraft


def show_sharing(dashboard: Dashboard) -> None:
    """Ask who else may open a dashboard."""
    actor = current_actor()
    names = {
        analyst.id: analyst.name
        for analyst in read(lambda session: dashboards.list_analysts(session, actor))
    }
    st.caption(
        _(
            "Whoever may open a dashboard can view and copy it. Each of them sees "
            "what they could count for themselves."
        )
    )
    with st.form("dashboard_share_form", border=False):
        with_everybody = st.checkbox(
            _("Everybody who may count cohorts"),
            dashboard.is_shared,
            key="dashboard_share_all",
        )
        people = st.multiselect(
            _("Or only these people"),
            list(names),
            [each for each in dashboard.shared_with if each in names],
            format_func=lambda each: names[each],
            key="dashboard_share_people",
            placeholder=_("Nobody"),
            select_all=False,
        )
        saves = st.form_submit_button(
            _("Save sharing"), type="primary", key="dashboard_share_save"
        )
    if saves:
        write(
            lambda session: dashboards.share(
                session,
                actor,
                dashboard.id,
                with_everybody=with_everybody,
                people=people,
            )
        )
        notify(_("The dashboard is shared as you chose."))
        st.rerun()


def sharing_words(dashboard: Dashboard) -> str:
    """Return whose a dashboard is, or with whom it is shared."""
    if not dashboard.is_own:
        return _("by {owner}").format(owner=plain(dashboard.owner))
    if dashboard.is_shared:
        return _("shared with all analysts")
    if dashboard.shared_with:
        return _("shared with some analysts")
    return _("only you see it")


def show_copying(draft: DashboardDraft) -> None:
    """Ask for the name of a copy that is the person's own, and open it."""
    with st.form("dashboard_copy_form", border=False):
        name = bounded_line(
            _("Name of the copy"),
            draft.name,
            key="dashboard_copy_name",
            longest=LONGEST_NAME,
            autocomplete="off",
        )
        copies = st.form_submit_button(
            _("Copy dashboard"), type="primary", key="dashboard_copy"
        )
    if copies:
        actor = current_actor()
        cards = tuple(replace(card, id=uuid4()) for card in draft.cards)
        copy = replace(draft, name=name, cards=cards)
        made = write(lambda session: dashboards.create(session, actor, copy))
        go(PAGE, dashboard=str(made.id))


def localised(draft: DashboardDraft) -> DashboardDraft:
    """Return a dashboard that comes with the app in the language of the page."""
    return replace(
        draft,
        name=translated(draft.name),
        description=translated(draft.description),
        cards=tuple(
            replace(card, title=translated(card.title)) for card in draft.cards
        ),
    )
