"""One visit in the consulting room: the patient, the notes, the prescription."""

from functools import partial

import streamlit as st

from dashboard.consulting import autosave, earlier, form, saving
from dashboard.consulting.completing import offer_completing
from dashboard.consulting.glance import glance
from dashboard.consulting.measurements import measurements
from dashboard.consulting.opened import open_visit
from dashboard.consulting.prescribing import panel
from dashboard.consulting.writing import write_about
from dashboard.context import freshness
from dashboard.net import error_boundary
from dashboard.widgets.part_tabs import part_tabs

opened = open_visit()
writing = write_about(opened)
refusal = saving.do_what_was_asked(opened, writing)

glance(opened)
written, beside = st.columns((3, 2), gap="large")
with written:
    st.subheader("Notes", anchor=False)
    autosave.offer(opened, writing)
    form.draw(writing, partial(autosave.keep, writing), is_checked=saving.is_checked())
    with st.container(horizontal=True):
        st.button(
            "Save notes",
            type="primary",
            key="visit_save",
            icon=":material/save:",
            on_click=saving.ask,
            args=("save", opened.visit.id),
        )
        offer_completing(opened, writing)
    saving.tell(refusal)
    autosave.keep(writing)
    autosave.say_whether_kept(writing)
with beside:
    st.subheader("Before this visit", anchor=False)
    with (
        part_tabs(("Similar", "Measured", "Versions"), key="visit_tabs") as part,
        error_boundary(),
    ):
        match part:
            case "Similar":
                earlier.similar(writing)
            case "Measured":
                measurements(opened.visit)
            case "Versions":
                earlier.versions(writing)
with st.container(border=True), error_boundary():
    panel(opened.visit)
st.caption(freshness())
