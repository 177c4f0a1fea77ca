"""Taking and freeing a newcomer's slot, in the background's role."""

from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from db.models.booking import BookingSlot, Newcomer, Slot
from db.models.doctor import Doctor
from services.core import audit
from services.visits.booking import bookings
from services.visits.front_desk import notifications
from services.visits.front_desk.notifications import NotificationKind
from services.visits.newcomers.errors import NotOffered
from services.visits.newcomers.reading import NOW, is_offered, look_up
from services.visits.newcomers.records import NewcomerRecord, NewcomerStatus
from services.visits.schedule import visit_changes

# A hold that has run out makes room in the statement that requests its slot. Rows that
# somebody else has locked are left alone: the insertion waits for whoever was quicker,
# and then does nothing. See docs/decisions/0015-holds.md.
_MAKE_ROOM: Final = text("""
WITH over AS MATERIALIZED (
    SELECT slot_id FROM booking_slots
    WHERE slot_id = :slot_id AND expires_at <= clock_timestamp()
    FOR UPDATE SKIP LOCKED
), freed AS (
    DELETE FROM booking_slots USING over
    WHERE booking_slots.slot_id = over.slot_id
    RETURNING booking_slots.booking_id, booking_slots.newcomer_id
), patients_hold AS (
    UPDATE bookings SET status = 'expired', ended_at = bookings.expires_at
    FROM freed WHERE bookings.id = freed.booking_id
)
UPDATE newcomers SET status = 'expired', ended_at = newcomers.expires_at
FROM freed WHERE newcomers.id = freed.newcomer_id
""")
_TAKE: Final = text("""
INSERT INTO booking_slots (
    slot_id, newcomer_id, starts_at, ends_at, status, expires_at
)
SELECT id, :newcomer_id, starts_at, ends_at, :status,
    clock_timestamp() + make_interval(secs => :seconds)
FROM slots WHERE id = :slot_id
ON CONFLICT (slot_id) DO NOTHING
RETURNING expires_at
""")

# Records what was done with a newcomer's booking, with its id as the subject.
record_event: Final[audit.Recorder[NewcomerRecord]] = audit.Recorder(
    "newcomer", lambda newcomer: {"slot": newcomer.slot_id}
)


def lock_offered(session: Session, slot_id: UUID) -> UUID:
    """Return the slot's doctor, with the slot locked; raises NotOffered."""
    doctor_id: UUID | None = session.scalar(
        select(Slot.doctor_id)
        .join(Doctor, Doctor.id == Slot.doctor_id)
        .where(Slot.id == slot_id, is_offered())
        .with_for_update(read=True, of=Slot)
    )
    if doctor_id is None:
        raise NotOffered
    return doctor_id


def claim(
    session: Session, slot_id: UUID, newcomer_id: UUID, *, seconds: float | None
) -> bool:
    """Hold the slot for `seconds`, or book it if None; return whether it was free."""
    session.execute(_MAKE_ROOM, {"slot_id": slot_id})
    taken = session.execute(
        _TAKE,
        {
            "slot_id": slot_id,
            "newcomer_id": newcomer_id,
            "status": "booked" if seconds is None else "held",
            "seconds": seconds,
        },
    ).one_or_none()
    if taken is not None:
        visit_changes.announce_change(session)
    return taken is not None


def release_slot(session: Session, newcomer_id: UUID) -> None:
    """Free the newcomer's slot for others."""
    session.execute(
        delete(BookingSlot)
        .where(BookingSlot.newcomer_id == newcomer_id)
        .execution_options(synchronize_session=False)
    )
    visit_changes.announce_change(session)


def lock(session: Session, newcomer_id: UUID) -> NewcomerRecord:
    """Lock and return the booking, after waiting for concurrent changes."""
    session.execute(
        select(Newcomer.id).where(Newcomer.id == newcomer_id).with_for_update()
    )
    return look_up(session, Newcomer.id == newcomer_id)


def cancel(session: Session, newcomer: NewcomerRecord) -> NewcomerRecord:
    """Cancel the visit, offer its slot to the waiting list, and notify the newcomer."""
    release_slot(session, newcomer.id)
    end(session, newcomer.id, NewcomerStatus.CANCELLED)
    notifications.write_to_newcomer(session, NotificationKind.CANCELLED, newcomer.id)
    bookings.offer(session, newcomer.slot_id)
    return look_up(session, Newcomer.id == newcomer.id)


def end(session: Session, newcomer_id: UUID, status: NewcomerStatus) -> None:
    """Record how the booking ended."""
    session.execute(
        update(Newcomer)
        .where(Newcomer.id == newcomer_id)
        .values(status=status.value, ended_at=NOW, revision=Newcomer.revision + 1)
        .execution_options(synchronize_session=False)
    )


def count_pending(session: Session) -> int:
    """Return how many slots newcomers hold now."""
    return (
        session.scalar(
            select(func.count())
            .select_from(Newcomer)
            .where(Newcomer.status == "pending", Newcomer.expires_at > NOW)
        )
        or 0
    )
