"""Looking at earlier visits; sessions come from a server with the past state."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.consultations import prescriptions
from services.consultations.notes import Notes, visit_notes
from services.consultations.prescriptions import PrescriptionRecord
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.patients.point_in_time import replayed_until
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitRecord


@dataclass(frozen=True, slots=True)
class VisitsSnapshot:
    """A patient's visits as of `timestamp`, the latest first, with what was written.

    Notes and prescriptions are by visit; there are no notes for those who may not read
    them.
    """

    visits: tuple[VisitRecord, ...]
    notes: Mapping[UUID, Notes]
    prescriptions: Mapping[UUID, PrescriptionRecord]
    timestamp: datetime | None


def read_visits(
    session: Session, actor: Actor, patient_id: UUID, *, as_of: datetime | None = None
) -> VisitsSnapshot:
    """Return the visits of a patient as of then; at most 100. Raises NotAllowed."""
    actor.require(Permission.COPY_BACK, patient_id)
    visits = appointments.list_of_patient(session, actor, patient_id)
    notes: dict[UUID, Notes] = {}
    if actor.may(Permission.READ_RECORDS):
        written = visit_notes.list_all_of_patient(session, actor, patient_id)
        notes = {each.appointment_id: each.notes for each in written}
    issued = prescriptions.list_of_patient(session, actor, patient_id)
    timestamp = as_of or replayed_until(session)
    audit.record(
        session,
        actor,
        Action.VISIT_READ,
        patient_id=patient_id,
        details={
            "visits": len(visits),
            "as_of": timestamp and timestamp.isoformat(),
        },
    )
    by_visit = {each.appointment_id: each for each in issued}
    return VisitsSnapshot(visits, notes, by_visit, timestamp)
