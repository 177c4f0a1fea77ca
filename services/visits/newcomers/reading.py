"""Turns rows of newcomers into records, and reads what everybody may see."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session

from db.models.booking import Newcomer, Slot
from db.models.doctor import Doctor
from db.postgres import assume_role
from services.core.actors import Actor, Permission
from services.visits.newcomers.errors import NoSuchNewcomer
from services.visits.newcomers.records import NewcomerRecord, NewcomerStatus
from services.visits.schedule.slots.records import SlotRecord
from services.visits.schedule.slots.taken import IS_FREE

# Not now(): a transaction may have begun while the hold still lasted.
NOW: Final = func.clock_timestamp()
# People unknown to the clinic need to book at least an hour ahead.
AHEAD: Final = timedelta(hours=1)
_RAN_OUT: Final = (Newcomer.status == NewcomerStatus.PENDING.value) & (
    Newcomer.expires_at <= NOW
)
# In the order of NewcomerRecord's fields; record_of relies on it.
_COLUMNS: Final[tuple[Any, ...]] = (
    Newcomer.id,
    Newcomer.slot_id,
    Newcomer.doctor_id,
    Doctor.name,
    Doctor.speciality,
    Doctor.room,
    Newcomer.name,
    Newcomer.email,
    case((_RAN_OUT, NewcomerStatus.EXPIRED.value), else_=Newcomer.status),
    Slot.starts_at,
    Slot.ends_at,
    Newcomer.created_at,
    Newcomer.expires_at,
    Newcomer.revision,
    Newcomer.booking_id,
)
_STATUS: Final = 8


def records() -> Select[*tuple[Any, ...]]:
    """Select newcomers with their slot and doctor."""
    return (
        select(*_COLUMNS)
        .join(Slot, Slot.id == Newcomer.slot_id)
        .join(Doctor, Doctor.id == Newcomer.doctor_id)
    )


def record_of(row: Sequence[Any]) -> NewcomerRecord:
    """Return the newcomer in a row of `records`."""
    values = list(row)
    values[_STATUS] = NewcomerStatus(values[_STATUS])
    return NewcomerRecord(*values)


def look_up(session: Session, *conditions: ColumnElement[bool]) -> NewcomerRecord:
    """Return the one newcomer who meets the conditions, or raise NoSuchNewcomer."""
    row = session.execute(records().where(*conditions)).one_or_none()
    if row is None:
        raise NoSuchNewcomer
    return record_of(row)


def find(session: Session, newcomer_id: UUID) -> NewcomerRecord | None:
    """Return the booking with an id, for anybody who knows the id; else None.

    Ids cannot be guessed; and callers must not show the name.
    """
    with assume_role(session, "system"):
        row = session.execute(records().where(Newcomer.id == newcomer_id)).one_or_none()
    return None if row is None else record_of(row)


def list_free(
    session: Session, actor: Actor, doctor_id: UUID, *, limit: int
) -> tuple[SlotRecord, ...]:
    """Return the doctor's next times that newcomers may book, the earliest first.

    Raises NotAllowed.
    """
    actor.require(Permission.VIEW_DOCTORS)
    rows = session.execute(
        select(Slot.id, Slot.doctor_id, Slot.starts_at, Slot.ends_at)
        .join(Doctor, Doctor.id == Slot.doctor_id)
        .where(Slot.doctor_id == doctor_id, IS_FREE, is_offered())
        .order_by(Slot.starts_at)
        .limit(limit)
    )
    return tuple(SlotRecord(*row, state="free") for row in rows)


def is_offered() -> ColumnElement[bool]:
    """Return the condition for newcomers' slots, given slots joined with doctors."""
    return (
        Doctor.is_active
        & Doctor.deleted_at.is_(None)
        & Slot.withdrawn_at.is_(None)
        & ~Slot.is_leaving
        & (Slot.origin != "proof")
        & (Slot.starts_at > NOW + AHEAD)
    )
