"""Tidying: newcomers' holds that ran out, and names that are no longer needed.

Nothing depends on its being done in time, as in
services.visits.booking.bookings.tidying.
"""

from datetime import timedelta
from typing import Final

from sqlalchemy import and_, delete, or_, select, text
from sqlalchemy.orm import Session

from db.models.booking import BookingSlot, Newcomer, Slot
from services.core import audit
from services.core.audit import Action
from services.visits.booking import bookings
from services.visits.newcomers.reading import NOW
from services.visits.newcomers.records import NewcomerStatus
from services.visits.schedule import visit_changes

# Failed bookings are kept only to investigate what went wrong.
KEPT_UNCONFIRMED: Final = timedelta(days=1)
# Somebody who did not come may call; the desk can find them for this long.
KEPT_AFTER_VISIT: Final = timedelta(days=30)
_AT_ONCE: Final = 100
_EXPIRE: Final = text("""
WITH over AS MATERIALIZED (
    SELECT slot_id FROM booking_slots
    WHERE status = 'held' AND expires_at <= statement_timestamp()
        AND newcomer_id IS NOT NULL
    ORDER BY expires_at
    LIMIT :most
    FOR UPDATE SKIP LOCKED
), freed AS (
    DELETE FROM booking_slots USING over
    WHERE booking_slots.slot_id = over.slot_id
    RETURNING booking_slots.newcomer_id
)
UPDATE newcomers SET status = 'expired', ended_at = expires_at
FROM freed
WHERE newcomers.id = freed.newcomer_id
RETURNING newcomers.id, newcomers.slot_id
""")
# Newcomers whose slots the previous release has freed, not knowing of newcomers.
_EXPIRE_SLOTLESS: Final = text("""
UPDATE newcomers SET status = 'expired', ended_at = expires_at
WHERE status = 'pending' AND expires_at <= statement_timestamp() - interval '1 minute'
    AND NOT EXISTS (SELECT FROM booking_slots WHERE newcomer_id = newcomers.id)
""")


def expire_due(session: Session) -> int:
    """Record which holds ran out, and offer their slots; return how many did.

    The caller, the system, commits, and calls again as long as any did.
    """
    ended = session.execute(_EXPIRE, {"most": _AT_ONCE})
    rows = sorted(ended, key=lambda row: row.slot_id)
    for newcomer_id, slot_id in rows:
        audit.record(
            session,
            None,
            Action.NEWCOMER_EXPIRE,
            subject=("newcomer", newcomer_id),
            details={"slot": slot_id},
        )
    session.execute(_EXPIRE_SLOTLESS)
    for row in rows:
        bookings.offer(session, row.slot_id)
    if rows:
        visit_changes.announce_change(session)
    return len(rows)


def forget(session: Session) -> int:
    """Delete names and addresses that are no longer needed; return how many.

    Bookings that were cancelled or never confirmed go after a day, others thirty days
    after the visit, whether or not anybody came; with them go the e-mails to them. The
    caller, the system, commits, and calls again as long as any were deleted.
    """
    booked = (NewcomerStatus.CONFIRMED.value, NewcomerStatus.REGISTERED.value)
    due = (
        select(Newcomer.id)
        .join(Slot, Slot.id == Newcomer.slot_id)
        .where(
            or_(
                and_(
                    Newcomer.status.not_in((*booked, NewcomerStatus.PENDING.value)),
                    Newcomer.ended_at < NOW - KEPT_UNCONFIRMED,
                ),
                and_(
                    Newcomer.status.in_(booked), Slot.ends_at < NOW - KEPT_AFTER_VISIT
                ),
            )
        )
    )
    ids = list(
        session.scalars(
            due.limit(_AT_ONCE).with_for_update(of=Newcomer, skip_locked=True)
        )
    )
    if not ids:
        return 0
    for table, key in ((BookingSlot, BookingSlot.newcomer_id), (Newcomer, Newcomer.id)):
        session.execute(
            delete(table)
            .where(key.in_(ids))
            .execution_options(synchronize_session=False)
        )
    audit.record(
        session, None, Action.NEWCOMER_FORGET, details={"newcomers": sorted(ids)}
    )
    return len(ids)
