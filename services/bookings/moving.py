"""Moves: a new time taken and the old one given back, both or neither."""

from uuid import UUID

from sqlalchemy.orm import Session

from services.actors import Actor
from services.bookings import confirming, holding, reading, rules
from services.bookings.records import BookingRecord, BookingRequest, BookingStatus


def move(
    session: Session,
    actor: Actor,
    booking_id: UUID,
    slot_id: UUID,
    attempt: UUID,
    *,
    override_reason: str | None = None,
    notice_hours: float = rules.NOTICE_HOURS,
) -> BookingRecord:
    """Let the visit be at another time, at once; return the booking of that time.

    The caller commits either way, then calls `require_held`: if somebody was quicker
    the visit stays when it was. The same attempt again returns what the first one made.
    Raises what `hold` and `confirm` raise.
    """
    before = reading.look_up(session, actor, booking_id)
    wanted = BookingRequest(
        slot_id=slot_id,
        patient_id=before.patient_id,
        attempt=attempt,
        note=before.note,
        replaces_id=before.id,
        override_reason=override_reason,
    )
    held = holding.hold(session, actor, wanted, notice_hours=notice_hours)
    if held.status is BookingStatus.FAILED:
        return held
    return confirming.confirm(session, actor, held.id)
