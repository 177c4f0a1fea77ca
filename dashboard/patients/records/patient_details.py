"""Everything a record says about a patient, to be read rather than changed."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from dashboard.context import current_actor
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.words import at, plain
from services.core.actors import Role
from services.patients.records.model import FIELDS, OPTIONAL_TEXTS, PatientRecord

# First what is quickest.
_CONTACT: Final = sorted(OPTIONAL_TEXTS, key="phone_number".__ne__)
_NOTHING: Final = marked(":gray[Nothing entered]")


def patient_details(patient: PatientRecord) -> None:
    """Show contact and clinical facts side by side, and since when they stand."""
    contact, history, medications = st.columns((2, 1, 1), gap="medium")
    with contact:
        show_contact(patient)
    with history:
        _list(_("Medical history"), patient.medical_history)
    with medications:
        _list(_("Current medications"), patient.current_medications)
    show_provenance(patient)


def show_contact(patient: PatientRecord) -> None:
    """Show how to reach the patient, and whom else to call."""
    st.subheader(_("Contact"), anchor=False)
    st.table(
        {_(FIELDS[name].label): _text(getattr(patient, name)) for name in _CONTACT},
        border="horizontal",
        # The labels. Whether there are any, Streamlit would make a frame to see.
        hide_index=False,
        alt=_("Contact details"),
    )


def show_provenance(patient: PatientRecord) -> None:
    """Say since when the record stands; to the clinic, which version of it this is."""
    said = _("Registered {created_at} · last changed {updated_at}").format(
        created_at=at(patient.created_at), updated_at=at(patient.updated_at)
    )
    if current_actor().role is not Role.PATIENT:
        said += _(" · version {version} · id {id}").format(
            version=patient.version, id=patient.id
        )
    st.caption(said)


def _list(title: str, items: Sequence[str]) -> None:
    st.subheader(title, anchor=False)
    st.markdown("\n".join(f"- {plain(item)}" for item in items) or _(_NOTHING))


def _text(value: str | None) -> str:
    return plain(value) if value else _(_NOTHING)
