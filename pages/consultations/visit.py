"""One visit in the consulting room: the patient, the notes, the prescription."""

from functools import partial

import streamlit as st

from dashboard.consultations.notes import autosave, earlier_notes, notes_form, saving
from dashboard.consultations.notes.before_visit import show_earlier_visits
from dashboard.consultations.notes.completing import offer_completing
from dashboard.consultations.notes.measurements import show_measurements
from dashboard.consultations.notes.open_visit import Opened, open_visit
from dashboard.consultations.notes.patient_glance import show_glance
from dashboard.consultations.notes.writing import write_about
from dashboard.consultations.prescriptions import prescription_draft
from dashboard.consultations.prescriptions.prescribing import panel
from dashboard.context import freshness
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.part_tabs import part_tabs

_TABS = (
    marked("Earlier"),
    marked("Similar"),
    marked("Measured"),
    marked("Versions"),
)


def _keep_last(shown: Opened) -> None:
    """Keep what was typed last, once the record is closed to whoever typed it."""
    autosave.keep_last(shown)
    prescription_draft.keep_last(shown.visit.id)


opened = open_visit(_keep_last)
writing = write_about(opened)
refusal = saving.run_requested_action(opened, writing)

show_glance(opened)
written, beside = st.columns((3, 2), gap="large")
with written:
    st.subheader(_("Notes"), anchor=False)
    autosave.offer(opened, writing)
    notes_form.draw(
        writing,
        partial(autosave.keep, writing),
        is_checked=saving.is_checked(writing),
    )
    with st.container(horizontal=True):
        st.button(
            _("Save notes"),
            type="primary",
            key="visit_save",
            icon=":material/save:",
            on_click=saving.request_action,
            args=("save", opened.visit.id),
        )
        offer_completing(opened, writing)
    saving.show_refusal(refusal)
    autosave.keep(writing)
    autosave.show_saved_at(writing)
with beside:
    st.subheader(_("History"), anchor=False)
    with part_tabs(_TABS, key="visit_tabs") as part, error_boundary():
        match part:
            case "Earlier":
                show_earlier_visits(opened)
            case "Similar":
                earlier_notes.show_similar(writing)
            case "Measured":
                show_measurements(opened)
            case "Versions":
                earlier_notes.show_versions(writing)
# Below the notes: below both columns it would be as far down as the history is long.
with written, st.container(border=True), error_boundary():
    panel(opened.visit, opened.patient)
st.caption(freshness())
