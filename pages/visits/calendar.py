"""Calendar: who is with whom when, on any day, and the actions on it."""

import streamlit as st

from dashboard.context import freshness
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header
from dashboard.visits.booking.times import about_clocks, span
from dashboard.visits.calendar.blocking import offer_blocking, show_blocking
from dashboard.visits.calendar.day_bar import choose_days
from dashboard.visits.calendar.drawing import spoken_day
from dashboard.visits.calendar.grid_panel import offer_day_list, show_grid
from dashboard.visits.calendar.visit_dialog import show_requested_dialog

place = page_header(_("Calendar"))
with error_boundary():
    shown = choose_days()
    with place:
        offer_blocking(shown.doctor_ids)
        offer_day_list(shown)
    st.subheader(spoken_day(shown), anchor=False)
    show_requested_dialog()
    show_blocking()


@st.fragment(run_every="10s")
def show_period() -> None:
    """Show the days; colleagues' changes appear within seconds."""
    with error_boundary():
        show_grid(shown)
        st.caption(f"{about_clocks(span(shown.first, 1)[0])}  \n{freshness()}")


show_period()
