"""A doctor's slots over some days, free and taken ones."""

from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    func,
    null,
    or_,
    select,
)
from sqlalchemy.orm import Session

from db.models.booking import Booking, BookingSlot, Slot, SlotChange
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import NotFound
from services.visits.schedule.slots.records import SlotRecord, SlotState
from services.visits.schedule.slots.taken import (
    HAS_ACTIVE_DOCTOR,
    IS_AHEAD,
    IS_OFFERED,
    LIVE,
)


def list_slots(
    session: Session,
    actor: Actor,
    doctor_id: UUID,
    from_at: datetime,
    until_at: datetime,
    *,
    patient_id: UUID | None = None,
    with_versions: bool = False,
) -> tuple[SlotRecord, ...]:
    """Return the doctor's slots that begin in this time, the earliest first.

    Free ones are left out once they have begun, and while the doctor cannot be booked.
    Slots that the patient holds or has booked are marked as their own; the default is
    the signed-in patient. With `with_versions`, each has its version and the time of
    its last change. Raises NotAllowed.
    """
    actor.require(Permission.VIEW_DOCTORS)
    if patient_id is not None and patient_id != actor.patient_id:
        actor.require(Permission.BOOK_VISITS, patient_id)
    whose = patient_id or actor.patient_id
    given = {"doctor_id": doctor_id, "from_at": from_at, "until_at": until_at}
    if whose is None:
        return _read(session, _EVERYBODYS[with_versions], given)
    slots = _read(session, _WITH_OWN[with_versions], given | {"patient_id": whose})
    if own := sum(slot.own_booking_id is not None for slot in slots):
        audit.record(
            session,
            actor,
            Action.BOOKING_READ,
            patient_id=whose,
            subject=("doctor", doctor_id),
            details={"slots": own},
        )
    return slots


def get_slot(session: Session, actor: Actor, slot_id: UUID) -> SlotRecord:
    """Return a slot that is offered, free or taken, even one that has begun.

    It does not show whose a taken one is. Raises NotFound, NotAllowed.
    """
    actor.require(Permission.VIEW_DOCTORS)
    row = session.execute(_BY_ID, {"slot_id": slot_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such time; it may have been withdrawn.")
    return SlotRecord(**row._mapping)


def _read(
    session: Session, wanted: Select[*tuple[Any, ...]], given: dict[str, object]
) -> tuple[SlotRecord, ...]:
    doctor_id = cast("UUID", given["doctor_id"])
    # By position: a week has more than a hundred slots, and access by name costs time.
    return tuple(
        SlotRecord(row[0], doctor_id, *row[1:])
        for row in session.execute(wanted, given)
    )


def _slots(
    own_booking_id: ColumnElement[Any], *, with_versions: bool
) -> Select[*tuple[Any, ...]]:
    """Select in the order of a SlotRecord's fields, without the doctor."""
    wanted = _taken_slots(own_booking_id)
    return _with_versions(wanted) if with_versions else wanted


def _with_versions(wanted: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return wanted.add_columns(_VERSION, _CHANGED_AT).outerjoin(
        SlotChange, SlotChange.slot_id == Slot.id
    )


def _taken_slots(own_booking_id: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    is_taken = BookingSlot.slot_id.is_not(None)
    return (
        select(
            Slot.id,
            Slot.starts_at,
            Slot.ends_at,
            _STATE,
            BookingSlot.expires_at,
            case((is_taken, own_booking_id)),
        )
        .outerjoin(BookingSlot, _IS_OF_SLOT)
        .where(
            Slot.doctor_id == bindparam("doctor_id"),
            Slot.starts_at >= bindparam("from_at"),
            Slot.starts_at < bindparam("until_at"),
            IS_OFFERED,
            or_(is_taken, and_(IS_AHEAD, ~Slot.is_leaving, HAS_ACTIVE_DOCTOR)),
        )
        .order_by(Slot.starts_at)
    )


_FREE: Final[SlotState] = "free"
_STATE: Final = func.coalesce(BookingSlot.status, _FREE)
_IS_OF_SLOT: Final = and_(BookingSlot.slot_id == Slot.id, LIVE)
# A hold that ran out has changed the slot, whether or not it has been tidied away.
_RAN_OUT: Final = SlotChange.held_until <= func.clock_timestamp()
_VERSION: Final = (
    func.coalesce(SlotChange.version, 1) + case((_RAN_OUT, 1), else_=0)
).label("version")
_CHANGED_AT: Final = case(
    (_RAN_OUT, SlotChange.held_until),
    else_=func.coalesce(SlotChange.changed_at, Slot.created_at),
).label("changed_at")
# Not through booking_slots, where row-level security shows nobody else whose slot it
# is.
_OWN: Final = (
    select(Booking.id)
    .where(
        Booking.slot_id == Slot.id,
        Booking.patient_id == bindparam("patient_id"),
        or_(
            Booking.status == "confirmed",
            and_(
                Booking.status == "pending",
                Booking.expires_at > func.clock_timestamp(),
            ),
        ),
    )
    .correlate(Slot)
    .limit(1)
    .scalar_subquery()
)
_WITH_OWN: Final = {each: _slots(_OWN, with_versions=each) for each in (False, True)}
_EVERYBODYS: Final = {
    each: _slots(null(), with_versions=each) for each in (False, True)
}
_BY_ID: Final = _with_versions(
    select(
        Slot.id,
        Slot.doctor_id,
        Slot.starts_at,
        Slot.ends_at,
        _STATE.label("state"),
        BookingSlot.expires_at.label("held_until"),
    )
    .outerjoin(BookingSlot, _IS_OF_SLOT)
    .where(Slot.id == bindparam("slot_id"), IS_OFFERED)
)
