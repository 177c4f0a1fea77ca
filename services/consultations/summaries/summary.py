"""The content of a chart summary, read in one go and recorded as one access."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from services.consultations import chart, code_lists, notes, prescriptions
from services.consultations.chart import KnownDiagnosis
from services.consultations.notes import EarlierNotes
from services.consultations.prescriptions import PrescriptionRecord
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitRecord

_MOST_VISITS: Final = 10


@dataclass(frozen=True, slots=True)
class ChartSummary:
    """A patient with their last visits, the latest first.

    `written` and `diagnoses` are None for those who may not read notes: the paper then
    leaves out diagnoses and vital signs, rather than stating that there are none.
    """

    patient: PatientRecord
    visits: tuple[VisitRecord, ...]
    prescriptions: tuple[PrescriptionRecord, ...]
    written: tuple[EarlierNotes, ...] | None
    diagnoses: tuple[KnownDiagnosis, ...] | None
    author: str


def summarise(session: Session, actor: Actor, patient_id: UUID) -> ChartSummary:
    """Return what the actor may take along of a patient's chart.

    Raises NoSuchPatient, NotAllowed.
    """
    actor.require(Permission.VIEW_PATIENT, patient_id)
    patient = patients.look_up(session, actor, patient_id)
    visits = appointments.list_of_patient(
        session, actor, patient_id, have_begun=True, limit=_MOST_VISITS
    )
    prescribed = prescriptions.list_of_patient(session, actor, patient_id)
    written = diagnoses = None
    if actor.may(Permission.READ_RECORDS):
        written = notes.list_of_patient(session, actor, patient_id)
        diagnoses = chart.known_diagnoses(written, code_lists.diagnoses(session))
    audit.record_patient(
        session, actor, Action.PATIENT_PRINT, patient.id, patient.version
    )
    return ChartSummary(patient, visits, prescribed, written, diagnoses, actor.name)
