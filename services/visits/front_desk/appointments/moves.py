"""Which visits replaced which: each move cancels one and books the next."""

from uuid import UUID

from sqlalchemy import CTE, select
from sqlalchemy.orm import Session

from db.models.booking import Appointment, Booking
from services.core.actors import Actor, Permission


def list_replaced(session: Session, actor: Actor, visit_id: UUID) -> tuple[UUID, ...]:
    """Return the visits that a visit has replaced, each moved to the next.

    Raises NotAllowed.
    """
    actor.require(Permission.VIEW_VISITS)
    of_visit = select(Appointment.booking_id).where(Appointment.id == visit_id)
    replaced = (
        select(Booking.replaces_id.label("id"))
        .where(Booking.id.in_(of_visit))
        .cte(recursive=True)
    )
    replaced = replaced.union(
        select(Booking.replaces_id).join(replaced, Booking.id == replaced.c.id)
    )
    is_replaced = Appointment.booking_id == replaced.c.id
    return tuple(session.scalars(select(Appointment.id).join(replaced, is_replaced)))


def bookings_after(booking_id: UUID, patient_id: UUID) -> CTE:
    """Return the ids of the bookings to which a patient's was moved, as `id`."""
    is_move = Booking.confirmed_at.is_not(None) & (Booking.patient_id == patient_id)
    later = (
        select(Booking.id)
        .where(Booking.replaces_id == booking_id, is_move)
        .cte(recursive=True)
    )
    return later.union(
        select(Booking.id).join(later, Booking.replaces_id == later.c.id).where(is_move)
    )
