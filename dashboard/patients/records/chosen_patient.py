"""The patient that a page's address names."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import streamlit as st

from dashboard.context import CachedRead, current_actor, read_with
from dashboard.navigation import go
from dashboard.ui.language import gettext as _
from services.core.actors import Permission
from services.core.errors import NotFound
from services.patients.records import patients
from services.patients.records.model import PatientRecord


def named_patient(parameter: str = "patient") -> UUID:
    """Return the patient's id from the page's address, or raise NotFound."""
    try:
        return UUID(st.query_params.get(parameter, ""))
    except ValueError as error:
        raise NotFound(
            _("No patient matches this address. Open the patient from the list.")
        ) from error


def chosen_patient(
    parameter: str = "patient", *, beside: Iterable[CachedRead[Any]] = ()
) -> PatientRecord:
    """Return the patient named in the address, or raise NotFound.

    Whatever the page is about to show `beside` the patient is read together with it.
    """
    patient_id = named_patient(parameter)
    actor = current_actor()
    named = CachedRead(
        lambda session: patients.get_patient(session, actor, patient_id),
        keep=("patient", patient_id),
        seconds=3,
    )
    try:
        return read_with(named, *beside)
    except patients.NoSuchPatient:
        # It may be a patient whom this clinician does not treat.
        if actor.may(Permission.BREAK_GLASS):
            go("patients/break_glass.py", patient=str(patient_id))
        raise
