"""One dashboard: its cards, narrowed by one filter over all of them."""

from functools import partial
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.analytics.dashboards.cards import show_cards
from dashboard.analytics.dashboards.dialogs import (
    change_card,
    change_dashboard,
    confirm_deletion,
    show_card_choice,
)
from dashboard.analytics.dashboards.filters import (
    filter_words,
    narrow_filter,
    show_filter,
)
from dashboard.analytics.dashboards.full_screen import (
    REFRESHED_EVERY,
    show_full_screen_button,
)
from dashboard.analytics.dashboards.pinned_cards import show_pin_button
from dashboard.analytics.dashboards.printing import show_printing
from dashboard.analytics.dashboards.sharing import (
    localised,
    sharing_words,
    show_copying,
    show_sharing,
)
from dashboard.analytics.dashboards.subscribing import (
    most_subscriptions,
    show_subscribing,
)
from dashboard.analytics.figure_charts import explain_suppressed
from dashboard.context import current_actor, freshness, read
from dashboard.patients.search.disclosed_lists import smallest_group
from dashboard.ui.dialogs import menu
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary, fragment_of
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import name_breadcrumb, page_header
from dashboard.ui.words import capitalised, plain
from services.analytics import dashboards
from services.analytics.dashboards import (
    BUILT_IN,
    Card,
    Dashboard,
    DashboardDraft,
    DashboardFilter,
)
from services.core.actors import Permission
from services.core.errors import NotFound

_MAILING: Final = "dashboard_mailing"
_SHARING: Final = "dashboard_sharing"


def find_dashboard() -> Dashboard:
    """Return the dashboard in the address; raises NotFound."""
    actor = current_actor()
    try:
        dashboard_id = UUID(st.query_params.get("dashboard", ""))
    except ValueError:
        raise NotFound(
            "No dashboard matches this address. Open it from the list."
        ) from None
    return read(lambda session: dashboards.get_dashboard(session, actor, dashboard_id))


def show_actions(
    key: str,
    draft: DashboardDraft,
    dashboard: Dashboard | None,
    dashboard_filter: DashboardFilter | None,
) -> None:
    """Offer the owner's actions on the dashboard; to others only copying it."""
    if draft.cards and dashboard_filter is not None:
        with st.popover(_("Print"), key="dashboard_printing", icon=":material/print:"):
            fragment_of(show_printing)(
                draft, dashboard.id if dashboard else None, dashboard_filter
            )
        if most_subscriptions():
            with menu(_("Send by e-mail"), key=_MAILING, icon=":material/mail:"):
                fragment_of(show_subscribing)(
                    dashboard.id if dashboard else key,
                    dashboard_filter,
                    menu_key=_MAILING,
                )
    if dashboard is not None and dashboard.is_own:
        with st.popover(_("Add a card"), key="dashboard_adding", icon=":material/add:"):
            fragment_of(show_card_choice)(dashboard)
        with menu(_("Sharing"), key=_SHARING, icon=":material/group:"):
            fragment_of(show_sharing)(dashboard, menu_key=_SHARING)
        if st.button(_("Change"), key="dashboard_change", icon=":material/edit:"):
            change_dashboard(dashboard, dashboard_filter or draft.filter)
        if st.button(_("Delete"), key="dashboard_remove", icon=":material/delete:"):
            confirm_deletion(dashboard)
    else:
        with st.popover(
            _("Copy"), key="dashboard_copying", icon=":material/content_copy:"
        ):
            fragment_of(show_copying)(draft)


def show_controls(
    dashboard: Dashboard | None, card: Card, dashboard_filter: DashboardFilter
) -> None:
    """Offer the actions on a card."""
    show_pin_button(card, dashboard_filter)
    if (
        dashboard is not None
        and dashboard.is_own
        and st.button(
            _("Change"),
            key=f"dashboard_card_{card.id}",
            icon=":material/edit:",
            type="tertiary",
        )
    ):
        change_card(dashboard, card)


def show_dashboard(
    key: str, draft: DashboardDraft, dashboard: Dashboard | None = None
) -> None:
    """Show a dashboard's filter and cards; None for one that comes with the app."""
    actions = page_header(plain(draft.name))
    name_breadcrumb("dashboard", draft.name, dashboard=key)
    if draft.description:
        st.markdown(plain(draft.description))
    if dashboard is not None:
        st.caption(capitalised(sharing_words(dashboard)))
    dashboard_filter = show_filter(f"dashboard_{key}", draft.filter)
    st.caption(
        _(
            "Period, sex and age narrow every card: the period is whole months of the "
            "events that a card counts, and the age is the age at these events."
        )
    )
    with actions:
        is_full = bool(draft.cards) and show_full_screen_button(
            _SCREEN, key="dashboard_full_screen"
        )
        show_actions(key, draft, dashboard, dashboard_filter)
    if not draft.cards:
        empty_state(
            _("No cards yet. Press *Add a card*, or add a figure from *Cohorts*."),
            icon="dashboard",
        )
        return
    if dashboard_filter is None:
        return
    draw = st.fragment(run_every=REFRESHED_EVERY if is_full else None)(show_screen)
    draw(f"dashboard_{key}", draft, dashboard, dashboard_filter, is_full=is_full)


def show_screen(
    prefix: str,
    draft: DashboardDraft,
    dashboard: Dashboard | None,
    dashboard_filter: DashboardFilter,
    *,
    is_full: bool,
) -> None:
    """Show the cards; on a full screen with the dashboard's name, and no controls."""
    with st.container(key=_SCREEN), error_boundary():
        if is_full:
            # Only this fragment reruns: changes by the owner, and a withdrawn
            # permission, must take effect on the wall as well.
            current_actor().require(Permission.COUNT_COHORTS)
            if dashboard is not None:
                dashboard = find_dashboard()
                draft = dashboard.draft
            st.header(plain(draft.name), anchor=False)
            st.caption(plain(filter_words(dashboard_filter)))
        show_cards(
            draft.cards,
            dashboard_filter,
            key="dashboard_cards",
            show_controls=lambda card: (
                None if is_full else show_controls(dashboard, card, dashboard_filter)
            ),
            choose=None
            if is_full
            else partial(narrow_filter, prefix, dashboard_filter),
        )
        explain_suppressed(smallest_group())
        st.caption(freshness())


_SCREEN: Final = "dashboard_screen"
key = st.query_params.get("dashboard", "")
if key in BUILT_IN:
    show_dashboard(key, localised(BUILT_IN[key]))
else:
    opened = find_dashboard()
    show_dashboard(key, opened.draft, opened)
