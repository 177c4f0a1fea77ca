"""The cards that an analyst has pinned to Home, and the button that pins one."""

from dataclasses import replace
from uuid import uuid4

import streamlit as st

from dashboard.analytics.dashboards.cards import show_cards
from dashboard.analytics.figure_charts import explain_suppressed
from dashboard.context import current_actor, read, write
from dashboard.navigation import go
from dashboard.patients.search.disclosed_lists import smallest_group
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.notices import notify
from services.analytics import dashboards
from services.analytics.dashboards import Card, DashboardFilter


@st.fragment
def show_pinned() -> None:
    """Show the person's pinned cards, or where to find some."""
    with error_boundary():
        st.subheader(_("Your pinned cards"), anchor=False)
        actor = current_actor()
        cards = read(lambda session: dashboards.find_pinned(session, actor))
        if not cards:
            if empty_state(
                _("No pinned cards yet. Open a dashboard and pin the cards you use."),
                icon="keep",
                action=_("Open dashboards"),
                key="home_dashboards",
            ):
                go("analytics/dashboards.py")
            return
        show_cards(
            cards, DashboardFilter(), key="home_cards", show_controls=_show_unpin_button
        )
        explain_suppressed(smallest_group())


def show_pin_button(card: Card, dashboard_filter: DashboardFilter) -> None:
    """Offer to pin a card to Home, with the present filter of its dashboard."""
    if st.button(
        _("Pin"),
        key=f"dashboard_pin_{card.id}",
        icon=":material/keep:",
        type="tertiary",
        help=_("Show this card, with this filter, on Home"),
    ):
        with error_boundary():
            _pin(card, dashboard_filter)
            notify(_("The card is pinned to Home."))
            st.rerun()


def _pin(card: Card, dashboard_filter: DashboardFilter) -> None:
    actor = current_actor()
    pinned = replace(card, id=uuid4(), narrowed=dashboard_filter)
    write(lambda session: dashboards.pin(session, actor, pinned))


def _show_unpin_button(card: Card) -> None:
    actor = current_actor()
    if st.button(
        _("Unpin"),
        key=f"home_unpin_{card.id}",
        icon=":material/keep_off:",
        type="tertiary",
    ):
        with error_boundary():
            write(lambda session: dashboards.unpin(session, actor, card.id))
            notify(_("The card is no longer on Home."))
            st.rerun()
