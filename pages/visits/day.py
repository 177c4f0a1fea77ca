"""A clinician's day: their own visits, each leading to the consulting room."""

from datetime import timedelta

import streamlit as st

from dashboard.context import freshness, now, today
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import day_in_full, gettext as _
from dashboard.ui.page_header import page_header
from dashboard.visits.front_desk import (
    day_queue,
    desk_tables,
    desk_words,
    newcomer_panel,
)


def move(days: int) -> None:
    """Turn to another day, or back to today."""
    shown = st.session_state["day_shown"]
    st.session_state["day_shown"] = shown + timedelta(days=days) if days else today()


@st.fragment(run_every="60s")
def show_visits() -> None:
    """Show the visits of the day, rerun every minute, because people wait."""
    with error_boundary():
        visits = day_queue.own(st.session_state["day_shown"])
        unregistered = newcomer_panel.of_day(st.session_state["day_shown"])
        if visits:
            st.markdown(f"**{desk_words.summary(day_queue.sort(visits))}**")
            desk_tables.own_table(visits, now(), key="day_visits")
        elif not unregistered:
            empty_state(_("You have no visits on this day."), icon="event_available")
        newcomer_panel.show_newcomers(unregistered, key="day_newcomers")
        st.caption(freshness())


shown = st.session_state.setdefault("day_shown", today())
page_header(_("Your day"))
st.subheader(day_in_full(shown), anchor=False)
# No date field: its parts are too small a target for a finger (WCAG 2.5.8).
with st.container(horizontal=True):
    st.button(_("Previous week"), key="day_week_before", on_click=move, args=(-7,))
    st.button(_("Previous day"), key="day_before", on_click=move, args=(-1,))
    st.button(_("Today"), key="day_today", on_click=move, args=(0,))
    st.button(_("Next day"), key="day_after", on_click=move, args=(1,))
    st.button(_("Next week"), key="day_week_after", on_click=move, args=(7,))
show_visits()
