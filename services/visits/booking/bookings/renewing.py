"""Renewing: two more minutes for a hold or an offer, once."""

from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.core.actors import Actor
from services.core.audit import Action
from services.visits.booking.bookings import reading
from services.visits.booking.bookings.errors import (
    AlreadyRenewed,
    HoldExpired,
    require_pending,
)
from services.visits.booking.bookings.records import HOLD_SECONDS, BookingRecord
from services.visits.booking.bookings.visibility import require_booking, writing_as
from services.visits.schedule import permissions, visit_changes

# An offer ends later than two minutes from now, so it is extended from its end.
_RENEW: Final = text("""
WITH renewed AS (
    UPDATE booking_slots
    SET expires_at = greatest(
        expires_at + make_interval(secs => :added),
        clock_timestamp() + make_interval(secs => :seconds)
    )
    WHERE slot_id = :slot_id AND booking_id = :booking_id
        AND status = 'held' AND expires_at > clock_timestamp()
    RETURNING booking_id, expires_at
)
UPDATE bookings SET renewals = 1, expires_at = renewed.expires_at
FROM renewed
WHERE bookings.id = renewed.booking_id AND (renewals = 0 OR :is_overridden)
RETURNING bookings.id
""")


def renew(
    session: Session,
    actor: Actor,
    booking_id: UUID,
    *,
    override_reason: str | None = None,
) -> BookingRecord:
    """Extend the hold to two minutes from now, once; the caller commits.

    An offer from the waiting list ends two minutes later than it would have. With
    `override_reason` staff can do so again, with a reason each time. Raises
    AlreadyRenewed, AlreadyConfirmed, HoldExpired, BookingOver, SlotTaken,
    NoSuchBooking, InvalidInput, NotAllowed.
    """
    require_booking(actor)
    override = permissions.read_override(actor, override_reason)
    before = require_pending(reading.look_up(session, actor, booking_id))
    if before.renewals and override is None:
        raise AlreadyRenewed
    values = {
        "slot_id": before.slot_id,
        "booking_id": before.id,
        "seconds": HOLD_SECONDS,
        "added": HOLD_SECONDS if before.waitlist_id else 0,
        "is_overridden": override is not None,
    }
    with writing_as(session, actor):
        is_renewed = session.execute(_RENEW, values).one_or_none() is not None
    after = reading.look_up(session, actor, booking_id)
    if not is_renewed:
        # Something was quicker: the same person in another window, or the clock.
        require_pending(after)
        raise AlreadyRenewed if after.renewals else HoldExpired
    visit_changes.announce_change(session)
    reading.record_event(session, actor, Action.BOOKING_RENEW, after, reason=override)
    return after
