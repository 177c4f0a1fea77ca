"""The lists in which drugs and diagnoses are searched: built in or the clinic's own."""

import streamlit as st

from dashboard.consultations.code_lists.list_panel import show_list
from dashboard.context import current_actor, freshness, read
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.page_header import page_header
from dashboard.ui.part_tabs import part_tabs
from services.consultations import code_lists

_TABS = (marked("Drugs"), marked("Diagnoses"))

page_header(_("Drugs and diagnoses"))
st.caption(
    _(
        "The lists that clinicians search when they prescribe and write up visits, and "
        "by which drugs are checked against allergies. Anything already prescribed or "
        "coded keeps its wording."
    )
)
actor = current_actor()
states = read(lambda session: code_lists.list_states(session, actor))
with part_tabs(_TABS, key="code_lists_tabs", address="list") as name, error_boundary():
    for state in states:
        if state.kind == name.lower():
            show_list(state)
st.caption(freshness())
