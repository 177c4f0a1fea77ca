"""Change a patient's record; one that changed meanwhile is shown side by side."""

import streamlit as st

from dashboard.context import current_actor, today, write
from dashboard.navigation import open_patient
from dashboard.patients.records import patient_form
from dashboard.patients.records.choose_fields import Version, choose_fields, mine_over
from dashboard.patients.records.chosen_patient import chosen_patient
from dashboard.patients.records.patient_header import patient_header
from dashboard.patients.records.patient_terms import suggest, terms_read
from dashboard.ui.language import gettext as _
from dashboard.ui.notices import notify
from dashboard.ui.words import at, full_name, plain
from services.patients.records import patients
from services.patients.records.model import PatientDraft

actor, patient = current_actor(), chosen_patient(beside=[terms_read()])
opened = patient_form.opened_version("edit", patient)


def save(draft: PatientDraft, version: int) -> None:
    """Save, or keep both versions for the comparison."""
    try:
        saved = write(
            lambda s: patients.edit(
                s, actor, patient.id, draft, version=version, today=today()
            )
        )
    except patients.StaleVersion as stale:
        # After a double click it is this person's own change, saved a moment before.
        if stale.current.draft() != draft:
            st.session_state["edit_conflict"] = (stale.current, draft)
            st.rerun()
        saved = stale.current
    leave(_("{name} is saved.").format(name=plain(full_name(saved))))


def leave(message: str = "") -> None:
    """Forget the form and go back to the patient."""
    for kept in ("edit_opened", "edit_conflict"):
        st.session_state.pop(kept, None)
    if message:
        notify(message)
    open_patient(patient.id)


patient_header(patient)
current, typed = st.session_state.get("edit_conflict", (None, None))
if current and current.id == patient.id:
    st.warning(
        _(
            "It was changed at {time}, after you opened it. Nothing you typed is "
            "lost: choose which value to keep for each field."
        ).format(time=at(current.updated_at)),
        title=_("Somebody else changed this record"),
        icon=":material/sync_problem:",
    )
    result = choose_fields(
        "edit",
        Version(_("Now saved"), current.draft()),
        Version(_("Your version"), typed),
        start=mine_over(opened.draft(), typed, current.draft()),
    )
    with st.container(horizontal=True):
        if st.button(_("Save these values"), type="primary", key="edit_resolve"):
            save(result, current.version)
        if st.button(_("Discard my changes"), key="edit_discard"):
            leave()
else:
    with st.form("edit_form"):
        fields = patient_form.patient_fields("edit", suggest)
        submitted = st.form_submit_button(
            _("Save changes"), type="primary", key="edit_save", icon=":material/save:"
        )
    if st.button(_("Cancel"), key="edit_cancel", type="tertiary"):
        leave()
    needs_contact = patients.is_reachable(opened)
    if submitted and (draft := fields.draft(today(), needs_contact=needs_contact)):
        save(draft, opened.version)
