"""Renewals: two more minutes for a hold, once."""

from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from services import visit_news
from services.actors import Actor
from services.audit import Action
from services.bookings import reading
from services.bookings.errors import AlreadyRenewed, HoldExpired, require_pending
from services.bookings.records import BookingRecord
from services.bookings.rules import HOLD_SECONDS
from services.bookings.sights import require_booking, writing_as

# Never shorter than before: an offer lasts longer than a hold.
_RENEW: Final = text("""
WITH renewed AS (
    UPDATE booking_slots
    SET expires_at = greatest(
        expires_at, clock_timestamp() + make_interval(secs => :seconds)
    )
    WHERE slot_id = :slot_id AND booking_id = :booking_id
        AND status = 'held' AND expires_at > clock_timestamp()
    RETURNING booking_id, expires_at
)
UPDATE bookings SET renewals = renewals + 1, expires_at = renewed.expires_at
FROM renewed
WHERE bookings.id = renewed.booking_id AND renewals = 0
RETURNING bookings.id
""")


def renew(session: Session, actor: Actor, booking_id: UUID) -> BookingRecord:
    """Let the hold last two minutes from now, once; the caller commits.

    Raises AlreadyRenewed, AlreadyConfirmed, HoldExpired, BookingOver, SlotTaken,
    NoSuchBooking, NotAllowed.
    """
    require_booking(actor)
    before = require_pending(reading.look_up(session, actor, booking_id))
    if before.renewals:
        raise AlreadyRenewed
    values = {
        "slot_id": before.slot_id,
        "booking_id": before.id,
        "seconds": HOLD_SECONDS,
    }
    with writing_as(session, actor):
        is_renewed = session.execute(_RENEW, values).one_or_none() is not None
    after = reading.look_up(session, actor, booking_id)
    if not is_renewed:
        # Somebody was quicker: the same person in another window, or the clock.
        require_pending(after)
        raise AlreadyRenewed if after.renewals else HoldExpired
    visit_news.changed(session)
    reading.record_event(session, actor, Action.BOOKING_RENEW, after)
    return after
