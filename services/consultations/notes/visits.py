"""The visit that notes are about, and whether the actor may read them."""

from uuid import UUID

from sqlalchemy.orm import Session

from services.consultations.notes.errors import NotTreated
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitRecord


def get_readable(session: Session, actor: Actor, visit_id: UUID) -> VisitRecord:
    """Return a visit whose notes the actor may read.

    Raises NoSuchVisit, NotTreated, NotAllowed.
    """
    actor.require(Permission.READ_RECORDS)
    visit = appointments.look_up(session, actor, visit_id)
    # Clinicians see who comes to them, but nothing more of a patient they do not treat.
    if not visit.patient_name:
        raise NotTreated(visit.patient_id)
    return visit


def record_access(
    session: Session, actor: Actor, visit: VisitRecord, **details: object
) -> None:
    """Record that notes were read."""
    audit.record(
        session,
        actor,
        Action.RECORD_READ,
        patient_id=visit.patient_id,
        subject=("visit", visit.id),
        details=details,
    )
