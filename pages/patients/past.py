"""A patient's record as it was a while ago, and how to bring it back."""

import streamlit as st

from dashboard.consultations.point_in_time.earlier_visits import show_earlier_visits
from dashboard.context import current_actor, require
from dashboard.documents.records.earlier_documents import show_earlier_documents
from dashboard.patients.point_in_time import point_in_time_source, standby_reading
from dashboard.patients.point_in_time.choosing import choose_earlier_patient
from dashboard.patients.point_in_time.record_comparison import compare
from dashboard.patients.records.chosen_patient import named_patient
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header
from dashboard.ui.words import at
from services.core.actors import Permission

actor = current_actor()
require(Permission.COPY_BACK)


def show_waiting() -> None:
    """Show that the standby waits, and offer to let it go on."""
    until = standby_reading.paused_until()
    if until is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            _("The standby is paused at this time for you until {time}.").format(
                time=at(until)
            )
        )
        if st.button(_("Resume it"), key="past_go_on"):
            standby_reading.resume_replay()
            st.rerun()


page_header(_("As it was"))
source = point_in_time_source.choose_source()
if source is None:
    empty_state(
        _(
            "No earlier time is open. Under Replication, an administrator can add a "
            "delayed standby, which shows the last 15 minutes here. Under Backups, "
            "they can open any second that the backups cover."
        ),
        icon="history_toggle_off",
    )
else:
    point_in_time_source.show_open_time(source)
    with error_boundary():
        chosen = (
            named_patient()
            if "patient" in st.query_params
            else choose_earlier_patient(source)
        )
        if chosen:
            source.keep_open()
            compare(actor, chosen, source)
            show_earlier_documents(chosen, source)
            show_earlier_visits(chosen, source)
    show_waiting()
