"""Tidying: records which holds ran out, and offers their slots to others.

Nothing depends on its being done in time: a request for a slot whose hold has run out
takes it over, and the state of a booking is read by the clock.
"""

from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.core import audit
from services.core.actors import BOOKER
from services.core.audit import Action
from services.visits.booking.bookings import freeing
from services.visits.booking.waitlist import waiting_queue
from services.visits.schedule import visit_changes

# Few enough for a short transaction, many enough for half a minute of a clinic.
_AT_ONCE: Final = 100
# Rows that others have locked are left for the next run.
_EXPIRE: Final = text("""
WITH over AS MATERIALIZED (
    SELECT slot_id FROM booking_slots
    WHERE status = 'held' AND expires_at <= statement_timestamp()
        AND newcomer_id IS NULL
    ORDER BY expires_at
    LIMIT :most
    FOR UPDATE SKIP LOCKED
), freed AS (
    DELETE FROM booking_slots USING over
    WHERE booking_slots.slot_id = over.slot_id
    RETURNING booking_slots.slot_id, booking_slots.booking_id
)
UPDATE bookings SET status = 'expired', ended_at = expires_at
FROM freed
WHERE bookings.id = freed.booking_id
RETURNING bookings.id, bookings.patient_id, bookings.waitlist_id, freed.slot_id
""")
# Slots of holds that ran out since the last runs, two of which are half a minute apart:
# also of those that made room for another hold of the same patient. Those were deleted
# by `hold_slot`, which offers their slots to nobody.
_FREED: Final = text("""
SELECT DISTINCT slot_id FROM bookings
WHERE status = 'expired' AND created_at > statement_timestamp() - interval '1 hour'
    AND ended_at > statement_timestamp() - interval '100 seconds'
    AND NOT EXISTS (
        SELECT FROM booking_slots WHERE booking_slots.slot_id = bookings.slot_id
    )
""")


def expire_due(session: Session) -> int:
    """Record which holds ran out, and offer their slots; return how many did.

    The caller, the system, commits, and calls again as long as any did.
    """
    # In the same order for everybody, whatever order the plan produced.
    ended = session.execute(_EXPIRE, {"most": _AT_ONCE})
    rows = sorted(ended, key=lambda row: row.slot_id)
    for booking_id, patient_id, waitlist_id, slot_id in rows:
        _record(session, booking_id, patient_id, slot_id)
        if waitlist_id:
            waiting_queue.end(session, waitlist_id, "passed")
    waiting_queue.tidy(session)
    freed = {row.slot_id for row in rows}.union(session.scalars(_FREED))
    for slot_id in sorted(freed):
        freeing.offer(session, slot_id)
    if rows:
        visit_changes.announce_change(session)
    return len(rows)


def _record(
    session: Session, booking_id: UUID, patient_id: UUID, slot_id: UUID
) -> None:
    audit.record(
        session,
        BOOKER,
        Action.BOOKING_EXPIRE,
        patient_id=patient_id,
        subject=("booking", booking_id),
        details={"slot": slot_id},
    )
