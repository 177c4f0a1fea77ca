"""Somebody who booked and is no patient yet: registered, or found among patients."""

from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, today, write
from dashboard.navigation import go
from dashboard.patients.duplicates.duplicate_candidates import (
    likely_duplicates,
    show_candidates,
)
from dashboard.patients.records import patient_form
from dashboard.patients.records.patient_terms import suggest
from dashboard.patients.search.patient_choice import choose_patient, forget_patient
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.notices import notify
from dashboard.ui.page_header import page_header
from dashboard.ui.words import full_name, plain
from dashboard.visits.front_desk import newcomer_panel
from services.patients.records import patients
from services.patients.records.model import PatientDraft
from services.visits import newcomers

actor = current_actor()
newcomer = newcomer_panel.chosen_newcomer()
# A patient found but not chosen for one newcomer must not appear for the next.
if st.session_state.get("newcomer_chosen_for") != newcomer.id:
    st.session_state["newcomer_chosen_for"] = newcomer.id
    forget_patient("newcomer")
# Made before the form is sent, so that a second click registers nobody twice.
patient_id = newcomer_panel.begin_form(newcomer)


def finish(said: str) -> None:
    """Show what was done, and go back to the day."""
    newcomer_panel.forget_form()
    forget_patient("newcomer")
    notify(said)
    go("visits/desk.py")


def take_over(known_id: UUID) -> None:
    """Give the visit to a patient who was registered before."""
    write(lambda s: newcomers.register(s, actor, newcomer.id, known_id))
    finish(_("The visit is in the patient's record now; check them in."))


def register(draft: PatientDraft) -> None:
    """Register the patient and make the visit theirs, or neither."""
    saved, __ = write(
        lambda s: (
            patients.register(s, actor, draft, today=today(), patient_id=patient_id),
            newcomers.register(s, actor, newcomer.id, patient_id),
        )
    )
    finish(
        _("{patient} is registered; check them in.").format(
            patient=plain(full_name(saved))
        )
    )


page_header(_("Not registered yet"))
newcomer_panel.show_booking(newcomer)
with error_boundary():
    st.subheader(_("Already a patient?"), anchor=False)
    known = choose_patient(
        "newcomer", advice=_("Search by name, date of birth or phone.")
    )
    if known and st.button(
        _("This is the patient"), key="newcomer_known", type="primary"
    ):
        take_over(known)
    st.subheader(_("A new patient"), anchor=False)
    with st.form("newcomer_form"):
        fields = patient_form.patient_fields("newcomer", suggest)
        submitted = st.form_submit_button(
            _("Register patient"),
            type="secondary" if known else "primary",
            key="newcomer_submit",
            icon=":material/person_add:",
        )
    if submitted:
        st.session_state.pop("newcomer_checked", None)
        if draft := fields.draft(today(), needs_contact=True):
            likely = likely_duplicates(draft)
            if not likely:
                register(draft)
            st.session_state["newcomer_checked"] = (draft, likely)
    if "newcomer_checked" in st.session_state:
        draft, likely = st.session_state["newcomer_checked"]
        st.warning(
            _(
                "Nothing is saved yet. If this is the same person, assign the "
                "visit to them."
            ),
            title=_("This patient may already be registered"),
            icon=":material/group:",
        )
        label = _("This is the patient")
        if chosen := show_candidates("newcomer", likely, today(), action=label):
            take_over(chosen)
        if st.button(_("Register anyway"), key="newcomer_anyway"):
            register(draft)
