"""The readers of a dashboard, and a copy of somebody else's."""

from dataclasses import replace
from uuid import uuid4

import streamlit as st

from dashboard.analytics.dashboards.dialogs import PAGE
from dashboard.analytics.dashboards.question_sharing import (
    ask_sharing,
    readers_in_words,
)
from dashboard.context import current_actor, write
from dashboard.navigation import go
from dashboard.ui.dialogs import leave_menu
from dashboard.ui.fields import bounded_line
from dashboard.ui.language import gettext as _, translated
from dashboard.ui.notices import notify
from services.analytics import dashboards
from services.analytics.dashboards import LONGEST_NAME, Dashboard, DashboardDraft


def show_sharing(dashboard: Dashboard, *, menu_key: str) -> None:
    """Ask who else may open a dashboard; the menu with this key closes afterwards."""
    actor = current_actor()
    st.caption(
        _(
            "Anyone who may open a dashboard can view and copy it. They see only what "
            "they could count themselves."
        )
    )
    chosen = ask_sharing(
        "dashboard_share",
        is_shared=dashboard.is_shared,
        shared_with=dashboard.shared_with,
        is_in_menu=True,
    )
    if chosen is not None:
        write(
            lambda session: dashboards.share(
                session,
                actor,
                dashboard.id,
                with_everybody=chosen.with_everybody,
                people=chosen.people,
                seen=dashboard,
            )
        )
        notify(_("The dashboard is shared as you chose."))
        leave_menu(menu_key)
        st.rerun()


def sharing_words(dashboard: Dashboard) -> str:
    """Return whose a dashboard is, or with whom it is shared, as text."""
    return readers_in_words(
        dashboard.owner,
        is_shared=dashboard.is_shared,
        shared_with=dashboard.shared_with,
    )


def show_copying(draft: DashboardDraft) -> None:
    """Ask for the name of the person's own copy, and open it."""
    with st.form("dashboard_copy_form", border=False):
        name = bounded_line(
            _("Name of the copy"),
            draft.name,
            key="dashboard_copy_name",
            longest=LONGEST_NAME,
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
