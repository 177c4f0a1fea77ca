"""How visits are booked, for administrators: figures, charts, and the proof."""

import streamlit as st

from dashboard.context import current_actor, freshness
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header
from dashboard.visits.figures.booking_charts import booking_charts
from dashboard.visits.figures.booking_figures import (
    choose_period,
    csv_address,
    figures_before,
    figures_of,
    proof_result,
    prove,
)
from dashboard.visits.figures.figure_tables import doctors_table, show_totals
from services.core.actors import Permission


@st.fragment
def show_proof() -> None:
    """Run the proof on request, and keep its result on the page."""
    with error_boundary():
        st.subheader(_("Can a slot be booked twice?"), anchor=False)
        st.caption(
            _(
                "Two hundred people try to book one test slot at the same moment, "
                "from several processes, on the clinic's servers. Exactly one must "
                "succeed. Everything is removed afterwards."
            )
        )
        if st.button(_("Run the test"), key="statistics_prove", icon=":material/flag:"):
            st.session_state.pop("statistics_proof", None)
            with st.spinner(_("Two hundred are booking one slot...")):
                st.session_state["statistics_proof"] = prove()
        if "statistics_proof" in st.session_state:
            proof_result(st.session_state["statistics_proof"])


header = page_header(_("Statistics"))
st.caption(
    _(
        "How visits are booked. Everything is counted on the day of the slot, not on "
        "the day of booking. Patients are not named here."
    )
)
with error_boundary():
    period = choose_period()
    header.link_button(
        _("CSV"),
        csv_address(period),
        key="statistics_csv",
        icon=":material/download:",
        help=_("Download these figures, one row per doctor and day."),
    )
    figures = figures_of(period)
    if figures.doctor_days:
        show_totals(figures.total, figures_before(period))
        booking_charts(figures)
        st.subheader(_("Doctors"), anchor=False)
        doctors_table(figures.doctors(), key="statistics_doctors")
    else:
        empty_state(
            _(
                "No slots on these days. Choose other days, or set a doctor's "
                "working hours."
            ),
            icon="event_busy",
        )
    st.caption(freshness())
if current_actor().may(Permission.PROVE_BOOKING):
    show_proof()
