"""Whose bookings somebody sees and makes, by their role."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from db.models import Booking, Patient
from db.routing import become
from services import patient_rows, visit_permissions
from services.actors import Actor, Role
from services.patient_refusals import NoSuchPatient, PatientArchived


def require_view(actor: Actor) -> None:
    """Raise NotAllowed unless the actor may see visits, or their own."""
    actor.require(visit_permissions.to_view(actor))


def require_booking(actor: Actor, patient_id: UUID | None = None) -> None:
    """Raise NotAllowed unless the actor may book visits, or their own."""
    actor.require(visit_permissions.to_book(actor), patient_id)


def require_patient(session: Session, actor: Actor, patient_id: UUID) -> None:
    """Raise NoSuchPatient unless the actor may know of the patient.

    Whether the record is in use, whoever books under it finds out.
    """
    if actor.role is Role.STAFF:
        return
    if actor.role is Role.PATIENT:
        is_known = actor.patient_id == patient_id
    else:
        known = select(Patient.id).where(Patient.id == patient_id)
        is_known = session.scalar(known) is not None
    if not is_known:
        raise NoSuchPatient(patient_id)


def require_in_use(session: Session, patient_id: UUID) -> None:
    """Raise NoSuchPatient or PatientArchived if nobody can be booked under the id."""
    patient = select(*patient_rows.COLUMNS).where(Patient.id == patient_id)
    row = session.execute(patient).one_or_none()
    if row is None:
        raise NoSuchPatient(patient_id)
    current = patient_rows.record_of(row)
    if current.is_archived:
        raise PatientArchived(current)


def is_visible_to(actor: Actor) -> ColumnElement[bool]:
    """Return which bookings the actor is shown.

    Whom a clinician treats, the database's own rules know.
    """
    if actor.role is Role.PATIENT:
        return Booking.patient_id == actor.patient_id
    return true()


@contextmanager
def writing_as(session: Session, actor: Actor) -> Iterator[None]:
    """Let what was decided be written down.

    Patients and clinicians only see bookings: after the service has said yes, the
    background's role writes for them.
    """
    if actor.role is Role.STAFF:
        yield
        return
    with become(session, "system"):
        yield
