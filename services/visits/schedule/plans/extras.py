"""Slots beside the plan, added and withdrawn one at a time."""

from datetime import datetime, timedelta
from functools import partial
from typing import cast
from uuid import UUID

from sqlalchemy import and_, func, select, update
from sqlalchemy.orm import Session

from db.models.booking import BookingSlot, Slot
from db.postgres.violations import translate_violations
from services.core import audit, reasons
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.visits.schedule import visit_changes
from services.visits.schedule.lengths import (
    FEWEST_MINUTES,
    MOST_MINUTES,
    require_plausible_year,
)
from services.visits.schedule.plans.errors import NoSuchExtra, SlotInUse
from services.visits.schedule.plans.weeks import lock_doctor
from services.visits.schedule.slots.records import SlotRecord, SlotState
from services.visits.schedule.slots.taken import IS_AHEAD, IS_OFFERED, IS_TAKEN, LIVE

_APART = "slots_apart"


def add_extra(
    session: Session,
    actor: Actor,
    doctor_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    *,
    reason: str,
) -> SlotRecord:
    """Add a slot in which the doctor can be booked, whatever the plan says.

    The reason is kept in the audit log. The caller commits. Raises InvalidInput,
    SlotInUse, NotFound, NotAllowed.
    """
    actor.require(Permission.MANAGE_DOCTORS)
    because = reasons.read(reason)
    lock_doctor(session, doctor_id)
    # The same limits as for any other visit.
    minutes = (ends_at - starts_at) / timedelta(minutes=1)
    if not FEWEST_MINUTES <= minutes <= MOST_MINUTES:
        raise InvalidInput(
            "ends_at",
            Sentence(
                "An extra slot must last {fewest} to {most} minutes; correct it.",
                fewest=FEWEST_MINUTES,
                most=MOST_MINUTES,
            ),
        )
    now = session.scalars(select(func.clock_timestamp())).one()
    if starts_at <= now:
        raise InvalidInput("starts_at", "This time has passed; choose a later one.")
    require_plausible_year("starts_at", starts_at)
    slot = Slot(
        doctor_id=doctor_id, starts_at=starts_at, ends_at=ends_at, origin="extra"
    )
    in_use = partial(
        SlotInUse, "The doctor has another slot at this time; choose another one."
    )
    with translate_violations(session, {_APART: in_use}):
        session.add(slot)
    _record(session, actor, Action.SLOT_ADD, slot.id, reason=because)
    return SlotRecord(slot.id, doctor_id, starts_at, ends_at, "free")


def list_extras(
    session: Session, actor: Actor, doctor_id: UUID
) -> tuple[SlotRecord, ...]:
    """Return the doctor's extra slots from now on, the earliest first.

    Raises NotAllowed.
    """
    actor.require(Permission.MANAGE_DOCTORS)
    state: SlotState = "free"
    rows = session.execute(
        select(
            Slot.id,
            Slot.doctor_id,
            Slot.starts_at,
            Slot.ends_at,
            func.coalesce(BookingSlot.status, state),
        )
        .outerjoin(BookingSlot, and_(BookingSlot.slot_id == Slot.id, LIVE))
        .where(
            Slot.doctor_id == doctor_id, Slot.origin == "extra", IS_OFFERED, IS_AHEAD
        )
        .order_by(Slot.starts_at)
    )
    return tuple(SlotRecord(*row[:4], cast("SlotState", row[4])) for row in rows)


def withdraw_extra(
    session: Session, actor: Actor, slot_id: UUID, *, doctor_id: UUID | None = None
) -> None:
    """Withdraw a slot that was added beside the plan; the caller commits.

    With `doctor_id`, the slot has to be that doctor's. To keep a time of the plan free,
    block it. Raises SlotInUse, NotFound, NotAllowed.
    """
    actor.require(Permission.MANAGE_DOCTORS)
    offered = [Slot.id == slot_id, Slot.origin == "extra", IS_OFFERED]
    if doctor_id is not None:
        offered.append(Slot.doctor_id == doctor_id)
    # Locked before it is checked: see services.visits.schedule.plans.planning.
    if session.scalar(select(Slot.id).where(*offered).with_for_update()) is None:
        raise NoSuchExtra
    withdrawn = session.execute(
        update(Slot)
        .where(*offered, ~IS_TAKEN)
        .values(withdrawn_at=func.clock_timestamp())
        .returning(Slot.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if withdrawn is None:
        raise SlotInUse("Somebody has this slot; move or cancel the visit first.")
    _record(session, actor, Action.SLOT_WITHDRAW, slot_id)


def _record(
    session: Session,
    actor: Actor,
    action: Action,
    slot_id: UUID,
    *,
    reason: str | None = None,
) -> None:
    visit_changes.announce_change(session)
    audit.record(session, actor, action, subject=("slot", slot_id), reason=reason)
