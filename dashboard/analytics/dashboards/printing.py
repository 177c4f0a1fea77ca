"""A printed dashboard: the contents of its cards, the day and the filter, as a PDF."""

from uuid import UUID

import streamlit as st

from dashboard import wiring
from dashboard.analytics.dashboards.disclosed_figures import disclosed_figure
from dashboard.context import ReadAsOf, current_actor, now, reading_as_of_now, write
from dashboard.ui.language import gettext as _
from dashboard.ui.language.papers import wording_of_page
from services.analytics import dashboards
from services.analytics.dashboards import (
    Card,
    DashboardDraft,
    DashboardFilter,
    PrintedCard,
    narrow_card,
)
from services.core.errors import InvalidInput, NotAllowed


def show_printing(
    draft: DashboardDraft, dashboard_id: UUID | None, dashboard_filter: DashboardFilter
) -> None:
    """Offer the dashboard as a PDF; `dashboard_id` is None if it comes with the app."""
    st.caption(
        _(
            "Each card as a chart and a table, with the day, the filter and when it "
            "was counted."
        )
    )
    if not st.button(_("Create PDF"), type="primary", key="dashboard_print"):
        return
    with st.spinner(_("Creating the PDF.")):
        paper = _paper(draft, dashboard_filter)
        actor = current_actor()
        write(lambda session: dashboards.record_print(session, actor, dashboard_id))
    st.download_button(
        _("Download the PDF"),
        paper,
        file_name=f"dashboard-{now():%Y-%m-%d}.pdf",
        mime="application/pdf",
        key="dashboard_download",
        icon=":material/download:",
        on_click="ignore",
    )


def _paper(draft: DashboardDraft, dashboard_filter: DashboardFilter) -> bytes:
    read = reading_as_of_now()
    return dashboards.dashboard_pdf(
        draft,
        [_printed(card, dashboard_filter, read) for card in draft.cards],
        dashboard_filter,
        clinic=wiring.letterhead(wiring.current().settings),
        now=now(),
        wording=wording_of_page(),
    )


def _printed(
    card: Card, dashboard_filter: DashboardFilter, read: ReadAsOf
) -> PrintedCard:
    try:
        figure = narrow_card(card, dashboard_filter, now().date())
        return PrintedCard(card.title, disclosed_figure(figure, read))
    except (NotAllowed, InvalidInput) as refusal:
        return PrintedCard(card.title, None, refusal.args[0])
