"""Cards in a grid: each a figure with its title, its sentence and what it counts."""

from collections.abc import Callable, Sequence
from uuid import UUID

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.analytics.cohort_address import sentence_of
from dashboard.analytics.dashboards.disclosed_figures import disclosed_figure
from dashboard.analytics.figure_charts import Choose, draw_figure
from dashboard.context import ReadAsOf, reading_as_of_now, today
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.words import at, plain
from services.analytics.dashboards import Card, DashboardFilter, narrow_card

# The height of most cards: little moves when they arrive.
_HEIGHT = 460


def show_cards(
    cards: Sequence[Card],
    dashboard_filter: DashboardFilter,
    *,
    key: str,
    show_controls: Callable[[Card], None],
    choose: Choose | None = None,
) -> None:
    """Draw the cards, half a row or a whole one each; each fails separately.

    `choose` is given the values of a chosen bar.
    """
    # Before the first is disclosed: what is recorded for one does not matter to the
    # next.
    read = reading_as_of_now()
    with st.container(key=key):
        places = _places(cards)
        for card in cards:
            with places[card.id].container(border=True, gap="small", height="stretch"):
                _show_heading(card, show_controls)
                with error_boundary():
                    _show_figure(card, dashboard_filter, read, key, choose)


def rows_of(cards: Sequence[Card]) -> list[list[Card]]:
    """Return the cards by rows: two halves side by side, a wide one alone."""
    rows: list[list[Card]] = []
    for card in cards:
        last = rows[-1] if rows else []
        if len(last) == 1 and not last[0].is_wide and not card.is_wide:
            last.append(card)
        else:
            rows.append([card])
    return rows


def _places(cards: Sequence[Card]) -> dict[UUID, DeltaGenerator]:
    places: dict[UUID, DeltaGenerator] = {}
    for row in rows_of(cards):
        is_wide = row[0].is_wide
        columns = [st.container()] if is_wide else st.columns(2)
        for card, column in zip(row, columns, strict=False):
            places[card.id] = column.skeleton(height=_HEIGHT)
    return places


def _show_heading(card: Card, show_controls: Callable[[Card], None]) -> None:
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.subheader(plain(card.title), anchor=False, width="content")
        with st.container(horizontal=True, width="content"):
            show_controls(card)


def _show_figure(
    card: Card,
    dashboard_filter: DashboardFilter,
    read: ReadAsOf,
    key: str,
    choose: Choose | None,
) -> None:
    figure = narrow_card(card, dashboard_filter, today())
    result = disclosed_figure(figure, read)
    st.caption(plain(sentence_of(figure)))
    draw_figure(result, card.title, key=f"{key}_{card.id}", choose=choose)
    st.caption(_("Counted {time}.").format(time=at(result.counted_at)))
