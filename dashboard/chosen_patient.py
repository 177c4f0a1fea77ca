"""The patient that a page's address names."""

from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, read
from services import patients
from services.errors import NotFound
from services.patient_records import PatientRecord


def chosen_patient(parameter: str = "patient") -> PatientRecord:
    """Return the patient named in the address, or raise NotFound."""
    try:
        patient_id = UUID(st.query_params.get(parameter, ""))
    except ValueError as error:
        raise NotFound(
            "This address names no patient. Find the patient in the list first."
        ) from error
    actor = current_actor()
    return read(
        lambda session: patients.get_patient(session, actor, patient_id),
        keep=("patient", patient_id),
        seconds=3,
    )
