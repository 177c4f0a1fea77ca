"""The visit that a page's address names, with its patient and its notes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import streamlit as st
from sqlalchemy.orm import Session

from dashboard.context import current_actor, read
from dashboard.navigation import go
from dashboard.ui.error_boundary import explain
from services.consultations import notes as medical_records
from services.consultations.notes import NotesRecord
from services.consultations.notes.errors import NotTreated
from services.core.errors import NotFound, Unavailable
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitRecord

_SHOWN: Final = "visit_shown"
_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Opened:
    """A visit as it was last read; without notes, nothing is saved about it yet."""

    visit: VisitRecord
    patient: PatientRecord
    notes: NotesRecord | None

    @property
    def number(self) -> int:
        """The version of the notes, 0 for none."""
        return self.notes.latest.number if self.notes else 0


def open_visit(keep_typed: Callable[[Opened], None]) -> Opened:
    """Return the visit named in the address.

    A clinician who does not treat the patient is sent to the page for emergencies; if
    the treatment ended while the visit was open, `keep_typed` is called before. While
    the database cannot be read, it is the visit as last shown: if the form disappeared,
    so would what somebody is typing into it. Raises NotFound, Unavailable.
    """
    visit_id = _named()
    try:
        opened = _read(visit_id)
    except NotTreated as refusal:
        if shown := _last_shown(visit_id):
            keep_typed(shown)
        go("patients/break_glass.py", patient=str(refusal.patient_id))
    except Unavailable as refusal:
        if (shown := _last_shown(visit_id)) is None:
            raise
        explain(refusal)
        return shown
    st.session_state[_SHOWN] = opened
    return opened


def _last_shown(visit_id: UUID) -> Opened | None:
    shown: Opened | None = st.session_state.get(_SHOWN)
    return shown if shown and shown.visit.id == visit_id else None


def _named() -> UUID:
    try:
        return UUID(st.query_params.get("visit", ""))
    except ValueError as error:
        raise NotFound(
            "No visit matches this address. Open it from the day's list."
        ) from error


def _read(visit_id: UUID) -> Opened:
    actor = current_actor()

    def look(session: Session) -> Opened:
        visit = appointments.get(session, actor, visit_id)
        notes = medical_records.find(session, actor, visit_id)
        patient = patients.get_patient(session, actor, visit.patient_id)
        return Opened(visit, patient, notes)

    return read(look, keep=("visit", visit_id), seconds=_SECONDS)
