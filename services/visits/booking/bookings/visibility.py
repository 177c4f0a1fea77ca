"""Whose bookings an actor may see and make, by role."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import ColumnElement, true
from sqlalchemy.orm import Session

from db.models.booking import Booking
from db.postgres import assume_role
from services.core.actors import Actor, Role
from services.visits.schedule import permissions


def require_booking(actor: Actor, patient_id: UUID | None = None) -> None:
    """Raise NotAllowed unless the actor may book visits, or their own."""
    actor.require(permissions.book_permission(actor), patient_id)


def is_visible_to(actor: Actor) -> ColumnElement[bool]:
    """Return the condition for the bookings that the actor may see.

    Whom a clinician treats is left to row-level security.
    """
    if actor.role is Role.PATIENT:
        return Booking.patient_id == actor.patient_id
    return true()


@contextmanager
def writing_as(session: Session, actor: Actor) -> Iterator[None]:
    """Switch to a role that may write what was decided.

    Patients and clinicians can only see bookings: once the service has agreed, the
    background's role writes for them.
    """
    if actor.role is Role.STAFF:
        yield
        return
    with assume_role(session, "system"):
        yield
