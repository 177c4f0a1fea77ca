"""The next times at which somebody can be booked."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
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

    Those of one doctor, of all of a speciality, or of anybody who can be booked; not
    before `after`, nor before now.
    """
    actor.require(Permission.VIEW_DOCTORS)
    wanted = (
        select(Slot.id, Slot.doctor_id, Slot.starts_at, Slot.ends_at)
        .join(Doctor, Doctor.id == Slot.doctor_id)
        .where(
            Doctor.is_active,
            Doctor.deleted_at.is_(None),
            Slot.origin != "proof",
            IS_FREE,
        )
        .order_by(Slot.starts_at, Slot.id)
        .limit(limit)
    )
    if doctor_id is not None:
        wanted = wanted.where(Slot.doctor_id == doctor_id)
    if speciality is not None:
        wanted = wanted.where(func.fold(Doctor.speciality) == func.fold(speciality))
    if after is not None:
        wanted = wanted.where(Slot.starts_at >= after)
    return tuple(SlotRecord(*row, state="free") for row in session.execute(wanted))
