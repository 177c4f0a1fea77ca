"""Who has slots that a plan no longer has, or would no longer have."""

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.orm import Session

from db.models.booking import BookingSlot, Newcomer, Slot
from db.models.doctor import Doctor
from db.models.patient import LISTED_NAME, PATIENT_NAME, Patient
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.visits.schedule.plans.records import VisitToMove
from services.visits.schedule.slots.taken import IS_OFFERED, LIVE

_SLOT: Final = (
    Slot.id,
    Slot.doctor_id,
    Doctor.name,
    Slot.starts_at,
    Slot.ends_at,
    BookingSlot.status == "booked",
)
_IS_PATIENT: Final = Patient.id.is_not(None)
# The record shows that somebody is not registered yet by having no patient's id.
_NAME: Final = case((_IS_PATIENT, PATIENT_NAME), else_=Newcomer.name)
_LISTED: Final = case((_IS_PATIENT, LISTED_NAME), else_=Newcomer.name)
_WHOSE: Final = (
    BookingSlot.booking_id,
    Patient.id,
    _NAME,
    _LISTED,
    Patient.phone_number,
)


def list_visits_to_move(
    session: Session, actor: Actor, doctor_id: UUID
) -> tuple[VisitToMove, ...]:
    """Return the held or booked slots that the doctor's plan no longer has.

    The earliest first; whose they are as in `list_visits_of_slots`. Raises NotAllowed.
    """
    is_to_move = and_(Slot.is_leaving, Slot.doctor_id == doctor_id)
    return _listed(session, actor, is_to_move)


def list_visits_of_slots(
    session: Session, actor: Actor, slot_ids: Collection[UUID]
) -> tuple[VisitToMove, ...]:
    """Return the held or booked ones of these slots, the earliest first.

    Whose they are is included for actors who may see visits; others who change plans
    get the slots without names. Raises NotAllowed.
    """
    return _listed(session, actor, Slot.id.in_(slot_ids))


def _listed(
    session: Session, actor: Actor, *conditions: ColumnElement[bool]
) -> tuple[VisitToMove, ...]:
    actor.require(Permission.MANAGE_DOCTORS)
    if not actor.may(Permission.VIEW_VISITS):
        return _read(session, select(*_SLOT), conditions)
    visits = _read(
        session,
        select(*_SLOT, *_WHOSE),
        conditions,
        is_named=True,
    )
    for visit in visits:
        if visit.patient_id is None:
            continue
        audit.record(
            session,
            actor,
            Action.BOOKING_READ,
            patient_id=visit.patient_id,
            subject=("booking", visit.booking_id),
        )
    return visits


def _read(
    session: Session,
    wanted: Select[*tuple[Any, ...]],
    conditions: Sequence[ColumnElement[bool]],
    *,
    is_named: bool = False,
) -> tuple[VisitToMove, ...]:
    taken = (
        wanted.select_from(BookingSlot)
        .join(Slot, Slot.id == BookingSlot.slot_id)
        .join(Doctor, Doctor.id == Slot.doctor_id)
        .where(
            LIVE,
            IS_OFFERED,
            Slot.ends_at > func.clock_timestamp(),
            *conditions,
        )
        .order_by(Slot.starts_at, Slot.id)
    )
    if is_named:
        taken = taken.outerjoin(
            Patient, Patient.id == BookingSlot.patient_id
        ).outerjoin(Newcomer, Newcomer.id == BookingSlot.newcomer_id)
    return tuple(VisitToMove(*row) for row in session.execute(taken))
