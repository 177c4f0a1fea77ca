"""Who has slots in a time that is to be kept free."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from db.models import BookingSlot, Patient, Slot
from services import audit
from services.actors import Actor, Permission
from services.audit import Action
from services.scheduling.records import VisitWithin
from services.slots.taken import IS_OFFERED, LIVE

_SLOT: Final = (
    Slot.id,
    Slot.doctor_id,
    Slot.starts_at,
    Slot.ends_at,
    BookingSlot.status == "booked",
)
_NAME: Final = func.concat_ws(" ", Patient.first_name, Patient.last_name)


def list_visits_within(
    session: Session,
    actor: Actor,
    doctor_id: UUID | None,
    from_at: datetime,
    until_at: datetime,
) -> tuple[VisitWithin, ...]:
    """Return what is held or booked in this time, the earliest first.

    Of a doctor, or of all. Whose it is, is told to those who may see visits; others
    who change plans learn how many there are. Raises NotAllowed.
    """
    actor.require(Permission.MANAGE_DOCTORS)
    if not actor.may(Permission.VIEW_VISITS):
        return _found(session, select(*_SLOT), doctor_id, from_at, until_at)
    named = select(*_SLOT, BookingSlot.booking_id, Patient.id, _NAME).join(
        Patient, Patient.id == BookingSlot.patient_id
    )
    found = _found(session, named, doctor_id, from_at, until_at)
    for visit in found:
        audit.record(
            session,
            actor,
            Action.BOOKING_READ,
            patient_id=visit.patient_id,
            subject=("booking", visit.booking_id),
        )
    return found


def _found(
    session: Session,
    wanted: Select[*tuple[Any, ...]],
    doctor_id: UUID | None,
    from_at: datetime,
    until_at: datetime,
) -> tuple[VisitWithin, ...]:
    overlapping = (
        wanted.select_from(BookingSlot)
        .join(Slot, Slot.id == BookingSlot.slot_id)
        .where(
            LIVE,
            IS_OFFERED,
            Slot.ends_at > func.clock_timestamp(),
            and_(Slot.starts_at < until_at, Slot.ends_at > from_at),
        )
        .order_by(Slot.starts_at, Slot.id)
    )
    if doctor_id is not None:
        overlapping = overlapping.where(Slot.doctor_id == doctor_id)
    return tuple(VisitWithin(*row) for row in session.execute(overlapping))
