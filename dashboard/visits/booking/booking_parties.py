"""The doctor and the patient of a booking: from the address, or asked for."""

from datetime import datetime
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, read
from dashboard.patients.records.chosen_patient import chosen_patient, named_patient
from dashboard.patients.search.patient_choice import choose_patient, forget_patient
from dashboard.ui.language import gettext as _, marked
from services.core.actors import Permission, Role
from services.core.errors import NotFound
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from services.visits.schedule import doctors
from services.visits.schedule.doctors import DoctorRecord

_PAGE: Final = "booking"
_NAMED: Final = "booking_named_patient"
_ADVICE: Final = marked("Select a patient to book.")
_SECONDS: Final = 30.0


def chosen_doctor() -> DoctorRecord:
    """Return the doctor named in the address, or raise NotFound."""
    try:
        doctor_id = UUID(st.query_params.get("doctor", ""))
    except ValueError as error:
        raise NotFound(
            _("No doctor matches this address. Open the doctor from the list.")
        ) from error
    actor = current_actor()
    return read(
        lambda session: doctors.get_doctor(session, actor, doctor_id),
        keep=("doctor", doctor_id),
        seconds=_SECONDS,
    )


def wanted_time() -> tuple[UUID, datetime] | None:
    """Return the slot that the address names and when it begins; None without one."""
    try:
        return UUID(st.query_params.get("slot", "")), datetime.fromisoformat(
            st.query_params.get("at", "")
        )
    except ValueError:
        return None


def forget_wanted_time() -> None:
    """Remove the slot from the address: the request counts once."""
    for name in ("slot", "at"):
        st.query_params.pop(name, None)


def choose_patient_to_book() -> UUID | None:
    """Return for whom a visit is booked; ask people who book for others.

    A patient in the address is used until somebody chooses another one.
    """
    actor = current_actor()
    if actor.patient_id is not None:
        return actor.patient_id
    if not actor.may(Permission.BOOK_VISITS):
        return None
    named = st.query_params.get("patient")
    if named and st.session_state.get(_NAMED) != named:
        st.session_state[_NAMED] = named
        forget_patient(_PAGE)
    return choose_patient(_PAGE, named_patient() if named else None, advice=_ADVICE)


def patient_of_visits() -> PatientRecord:
    """Return the patient whose visits are shown; raises NotFound.

    Patients see their own; for others the address names the patient.
    """
    actor = current_actor()
    if actor.role is not Role.PATIENT:
        return chosen_patient()
    patient_id = actor.require_own_record()
    return read(
        lambda s: patients.get_patient(s, actor, patient_id),
        keep=("patient", patient_id),
    )
