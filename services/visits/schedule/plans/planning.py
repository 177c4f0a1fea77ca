"""Brings the slots of doctors in line with their plans; may be repeated at will."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import case, func, select, text, update
from sqlalchemy.orm import Session

from db.models.booking import Slot
from db.models.doctor import Doctor
from services.core import audit
from services.core.actors import Actor
from services.core.audit import Action
from services.visits.schedule import visit_changes
from services.visits.schedule.plans.planned_slots import PLANNED_SLOTS
from services.visits.schedule.plans.records import Calendar, PlanResult
from services.visits.schedule.slots.taken import IS_TAKEN

# The first of these two only locks: a transaction that takes a slot keeps it locked
# until its end, and only a later statement sees the result.
_LOCK: Final = """
SELECT slots.id, wanted.doctor_id IS NOT NULL AS is_wanted
FROM slots LEFT JOIN wanted
    ON (wanted.doctor_id, wanted.starts_at, wanted.ends_at)
        = (slots.doctor_id, slots.starts_at, slots.ends_at)
WHERE slots.doctor_id = ANY (:doctor_ids) AND slots.withdrawn_at IS NULL
    AND slots.starts_at > clock_timestamp() AND slots.origin = 'plan'
    AND (wanted.doctor_id IS NULL OR slots.is_leaving)
ORDER BY slots.id
FOR UPDATE OF slots
"""
_ADD: Final = """
, added AS (
INSERT INTO slots (doctor_id, starts_at, ends_at)
SELECT doctor_id, starts_at, ends_at FROM wanted
WHERE NOT EXISTS (
    SELECT FROM slots AS there
    WHERE (there.doctor_id, there.starts_at, there.ends_at)
            = (wanted.doctor_id, wanted.starts_at, wanted.ends_at)
        AND there.withdrawn_at IS NULL
)
ORDER BY doctor_id, starts_at
ON CONFLICT DO NOTHING
RETURNING id
) SELECT count(*) FROM added
"""
_LOCKED, _ADDED = (text("".join((PLANNED_SLOTS, rest))) for rest in (_LOCK, _ADD))


def apply_plans(
    session: Session,
    actor: Actor | None,
    doctor_ids: Sequence[UUID],
    calendar: Calendar,
) -> PlanResult:
    """Add the slots that plans have and withdraw free ones that they no longer have.

    A held or booked slot stays with whoever has it, but goes to nobody else. The caller
    commits, and has checked permissions.
    """
    ids = sorted(doctor_ids)
    given = {"doctor_ids": ids, "zone": calendar.zone, "days": calendar.days}
    # One run at a time for each doctor; bookings need not wait for it.
    session.execute(
        select(Doctor.id)
        .where(Doctor.id.in_(ids))
        .order_by(Doctor.id)
        .with_for_update(key_share=True)
    )
    locked = session.execute(_LOCKED, given).all()
    kept = [slot_id for slot_id, is_wanted in locked if is_wanted]
    unwanted = [slot_id for slot_id, is_wanted in locked if not is_wanted]
    left = _withdraw(session, kept, unwanted)
    added = session.scalars(_ADDED, given).one()
    planned = PlanResult(added, len(unwanted) - left, left)
    if locked or added:
        visit_changes.announce_change(session)
    _record(session, actor, ids, planned)
    return planned


def _withdraw(session: Session, kept: Sequence[UUID], unwanted: Sequence[UUID]) -> int:
    """Return how many of the unwanted slots are held or booked."""
    if kept:
        session.execute(
            update(Slot)
            .where(Slot.id.in_(kept))
            .values(is_leaving=False)
            .execution_options(synchronize_session=False)
        )
    if not unwanted:
        return 0
    return sum(
        session.scalars(
            update(Slot)
            .where(Slot.id.in_(unwanted))
            .values(
                is_leaving=IS_TAKEN,
                withdrawn_at=case((~IS_TAKEN, func.clock_timestamp())),
            )
            .returning(Slot.is_leaving)
            .execution_options(synchronize_session=False)
        )
    )


def _record(
    session: Session,
    actor: Actor | None,
    doctor_ids: Sequence[UUID],
    planned: PlanResult,
) -> None:
    subject = ("doctor", doctor_ids[0]) if len(doctor_ids) == 1 else None
    for action, number in (
        (Action.SLOT_ADD, planned.added),
        (Action.SLOT_WITHDRAW, planned.withdrawn),
    ):
        if number:
            details = {"slots": number, "left": planned.left}
            audit.record(session, actor, action, subject=subject, details=details)


def list_planned(session: Session) -> tuple[UUID, ...]:
    """Return all doctors who work here; those who cannot be booked lose slots."""
    working = select(Doctor.id).where(Doctor.deleted_at.is_(None))
    return tuple(session.scalars(working.order_by(Doctor.id)))


def extend(
    session: Session, doctor_ids: Sequence[UUID], calendar: Calendar
) -> PlanResult:
    """Bring the doctors' slots in line with their current plans; the caller commits."""
    return apply_plans(session, None, doctor_ids, calendar)
