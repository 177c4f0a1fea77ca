"""Register a patient; records that may be of the same person are offered first."""

from uuid import uuid4

import streamlit as st

from dashboard.context import current_actor, today, write
from dashboard.navigation import open_patient
from dashboard.patients.duplicates.duplicate_candidates import (
    likely_duplicates,
    show_candidates,
)
from dashboard.patients.records import patient_form
from dashboard.patients.records.patient_terms import suggest
from dashboard.ui.language import gettext as _
from dashboard.ui.notices import notify
from dashboard.ui.page_header import page_header
from dashboard.ui.words import full_name, plain
from services.patients.records import patients
from services.patients.records.model import PatientDraft

actor = current_actor()
# The id is made before the form is sent, so that a second click on a slow line, or a
# commit whose answer got lost, registers nobody twice.
if patient_form.fill_begun("register"):
    st.session_state["register_id"] = uuid4()
    st.session_state.pop("register_checked", None)
elif "register_id" not in st.session_state:
    st.session_state["register_id"] = uuid4()
    patient_form.fill("register", None)


def register(draft: PatientDraft) -> None:
    """Register the patient and go to the new record."""
    patient_id = st.session_state["register_id"]
    try:
        saved = write(
            lambda s: patients.register(
                s, actor, draft, today=today(), patient_id=patient_id
            )
        )
    except patients.PatientIdTaken:
        # What was sent before, with other data, was saved although nobody heard so: the
        # next try is offered that record as a possible duplicate.
        st.session_state["register_id"] = uuid4()
        raise
    del st.session_state["register_id"]
    st.session_state.pop("register_checked", None)
    notify(_("{name} is registered.").format(name=plain(full_name(saved))))
    open_patient(saved.id)


page_header(_("Register a patient"))
st.caption(
    _(
        "Required: first name, last name, date of birth, and an e-mail address or a "
        "phone number."
    )
)
with st.form("register_form"):
    fields = patient_form.patient_fields("register", suggest)
    submitted = st.form_submit_button(
        _("Register patient"),
        type="primary",
        key="register_submit",
        icon=":material/person_add:",
    )
if submitted:
    st.session_state.pop("register_checked", None)
    if draft := fields.draft(today(), needs_contact=True):
        likely = likely_duplicates(draft)
        if not likely:
            register(draft)
        st.session_state["register_checked"] = (draft, likely)
if "register_checked" in st.session_state:
    draft, likely = st.session_state["register_checked"]
    st.warning(
        _(
            "Nothing is saved yet. If this is the same person, open the existing "
            "record, so that the clinic does not keep two."
        ),
        title=_("This patient may already be registered"),
        icon=":material/group:",
    )
    if chosen := show_candidates(
        "register", likely, today(), action=_("Open this record")
    ):
        open_patient(chosen)
    if st.button(_("Register anyway"), key="register_anyway"):
        register(draft)
