"""The next times that can be booked."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from db.models.booking import Slot
from db.models.doctor import Doctor
from services.core.actors import Actor, Permission
from services.visits.schedule.slots.records import SlotRecord
from services.visits.schedule.slots.taken import IS_FREE


def next_free(
    session: Session,
    actor: Actor,
    *,
    doctor_id: UUID | None = None,
    speciality: str | None = None,
    after: datetime | None = None,
    limit: int = 5,
) -> tuple[SlotRecord, ...]:
    """Return the next free slots, the earliest first; raises NotAllowed.

    Those of one doctor, of a speciality, or of anybody who can be booked; not before
    `after`, nor before now.
    """
    actor.require(Permission.VIEW_DOCTORS)
    wanted = _free().limit(limit)
    if doctor_id is not None:
        wanted = wanted.where(Slot.doctor_id == doctor_id)
    if speciality is not None:
        wanted = wanted.where(func.fold(Doctor.speciality) == func.fold(speciality))
    if after is not None:
        wanted = wanted.where(Slot.starts_at >= after)
    return tuple(map(_free_slot, session.execute(wanted)))


def find_free(
    session: Session,
    actor: Actor,
    from_at: datetime,
    until_at: datetime,
    *,
    doctor_ids: Collection[UUID],
    specialities: Collection[str] = (),
    limit: int,
) -> tuple[tuple[SlotRecord, ...], int]:
    """Return the first free slots that begin in this time, and how many there are.

    Of doctors with one of these ids and one of these specialities; an empty collection
    stands for all. Raises NotAllowed.
    """
    actor.require(Permission.VIEW_DOCTORS)
    wanted = _free().where(Slot.starts_at >= from_at, Slot.starts_at < until_at)
    if doctor_ids:
        wanted = wanted.where(Slot.doctor_id.in_(doctor_ids))
    if specialities:
        named = map(func.fold, specialities)
        wanted = wanted.where(func.fold(Doctor.speciality).in_(named))
    total = session.scalar(select(func.count()).select_from(wanted.subquery()))
    rows = session.execute(wanted.limit(limit))
    return tuple(map(_free_slot, rows)), total or 0


def _free_slot(row: Row[*tuple[Any, ...]]) -> SlotRecord:
    id_, doctor_id, starts_at, ends_at = row
    return SlotRecord(id_, doctor_id, starts_at, ends_at, state="free")


def _free() -> Select[*tuple[Any, ...]]:
    """Select free slots that can be booked, the earliest first."""
    return (
        select(Slot.id, Slot.doctor_id, Slot.starts_at, Slot.ends_at)
        .join(Doctor, Doctor.id == Slot.doctor_id)
        .where(
            Doctor.is_active,
            Doctor.deleted_at.is_(None),
            Slot.origin != "proof",
            IS_FREE,
        )
        .order_by(Slot.starts_at, Slot.id)
    )
