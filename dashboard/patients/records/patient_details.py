"""Everything in a patient's record, for reading rather than changing."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from dashboard.context import current_actor
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.words import at, plain
from services.core.actors import Role
from services.patients.records.model import FIELDS, OPTIONAL_TEXTS, PatientRecord

# The quickest way to reach somebody comes first.
_CONTACT: Final = sorted(OPTIONAL_TEXTS, key="phone_number".__ne__)
_NOTHING: Final = marked(":gray[Nothing entered]")


def patient_details(patient: PatientRecord) -> None:
    """Show contact and clinical facts side by side, and when they were last changed."""
    contact, history, medications = st.columns((2, 1, 1), gap="medium")
    with contact:
        show_contact(patient)
    with history:
        show_list(_("Medical history"), patient.medical_history)
    with medications:
        show_list(_("Current medications"), patient.current_medications)
    show_provenance(patient)


def show_contact(patient: PatientRecord) -> None:
    """Show how to reach the patient, and whom to call in an emergency."""
    st.subheader(_("Contact"), anchor=False)
    st.table(
        {_(FIELDS[name].label): _text(getattr(patient, name)) for name in _CONTACT},
        border="horizontal",
        # The index holds the labels. If Streamlit had to find out, it would make a data
        # frame.
        hide_index=False,
        alt=_("Contact details"),
    )


def show_provenance(patient: PatientRecord) -> None:
    """Show when the record was made and changed; to the clinic, also its version."""
    said = _("Registered {created_at} · last changed {updated_at}").format(
        created_at=at(patient.created_at), updated_at=at(patient.updated_at)
    )
    if current_actor().role is not Role.PATIENT:
        said += _(" · version {version} · id {id}").format(
            version=patient.version, id=patient.id
        )
    st.caption(said)


def show_list(title: str, items: Sequence[str]) -> None:
    """Show a list of the record below its title."""
    st.subheader(title, anchor=False)
    st.markdown("\n".join(f"- {plain(item)}" for item in items) or _(_NOTHING))


def _text(value: str | None) -> str:
    return plain(value) if value else _(_NOTHING)
