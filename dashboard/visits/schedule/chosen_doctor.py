"""Which doctor's plan a page is about."""

from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, read
from services.core.errors import NotFound
from services.visits.schedule import doctors
from services.visits.schedule.doctors import DoctorRecord


def planned_doctor() -> DoctorRecord | None:
    """Return the doctor of the address, None for a new one; raises NotFound."""
    named = st.query_params.get("doctor")
    if not named:
        return None
    try:
        doctor_id = UUID(named)
    except ValueError as error:
        raise NotFound(
            "This address names no doctor. Find the doctor in the list first."
        ) from error
    actor = current_actor()
    return read(lambda session: doctors.get_doctor(session, actor, doctor_id))
