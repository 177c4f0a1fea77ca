"""Slots that are given back, and who on the waiting list gets them."""

from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.models.user import User
from db.postgres import SYSTEM, assume_identity
from services.core.actors import BOOKER, Actor
from services.core.audit import Action
from services.messaging import user_notifications
from services.messaging.user_notifications import NotificationTopic
from services.visits.booking.bookings import rules
from services.visits.booking.bookings.claiming import SlotClaim, claim
from services.visits.booking.bookings.errors import PatientBusy
from services.visits.booking.bookings.records import BookingRecord, BookingStatus
from services.visits.booking.waitlist import waiting_queue
from services.visits.booking.waitlist.waiting_queue import Waiting
from services.visits.front_desk import notifications
from services.visits.front_desk.notifications import NotificationKind
from services.visits.schedule import visit_changes

# Only if the state is still as it was read: otherwise somebody else has changed it.
_GIVE_BACK: Final = text("""
WITH visit AS (
    UPDATE appointments
    SET status = 'cancelled', cancelled_at = clock_timestamp(), cancelled_by = :by,
        cancelled_because = :because, revision = revision + 1, updated_at = now()
    WHERE booking_id = :booking_id AND status = 'scheduled'
    RETURNING id
), freed AS (
    DELETE FROM booking_slots
    WHERE slot_id = :slot_id AND booking_id = :booking_id AND status = :taken
        AND (status = 'held' OR EXISTS (SELECT FROM visit))
    RETURNING booking_id, expires_at
)
UPDATE bookings
SET status = CASE
        WHEN freed.expires_at <= clock_timestamp() THEN 'expired' ELSE 'cancelled'
    END,
    ended_at = least(freed.expires_at, clock_timestamp()), ended_by = :by
FROM freed
WHERE bookings.id = freed.booking_id
RETURNING bookings.id
""")


def give_back(
    session: Session, actor: Actor, booking: BookingRecord, *, because: str | None
) -> bool:
    """Free a hold's or a visit's slot; return whether it still was as it was read.

    In the background's role. Does nothing once the patient is checked in.
    """
    is_hold = booking.status is BookingStatus.PENDING
    values = {
        "slot_id": booking.slot_id,
        "booking_id": booking.id,
        "taken": "held" if is_hold else "booked",
        "by": actor.id,
        "because": because,
    }
    is_given_back = session.execute(_GIVE_BACK, values).one_or_none() is not None
    if is_given_back:
        visit_changes.announce_change(session)
    return is_given_back


def offer(session: Session, slot_id: UUID) -> BookingRecord | None:
    """Hold a freed slot for the first in line, and write to them.

    In the background's role. Returns the booking, or None if nobody gets it.
    """
    while (entry := waiting_queue.next_in_line(session, slot_id)) is not None:
        try:
            # The clinic books, not whoever gives the slot back: they may book for
            # nobody else, and the database holds them to that.
            with (
                assume_identity(session, SYSTEM),
                session.begin_nested(),
                rules.translate_violations(),
            ):
                booking = claim(
                    session, BOOKER, _claim_of(slot_id, entry), Action.WAITLIST_OFFER
                )
        except PatientBusy:
            # The patient booked elsewhere at this very moment; the next look finds
            # that.
            continue
        if booking is None or booking.status is BookingStatus.FAILED:
            return None
        waiting_queue.mark_offered(session, entry.id)
        notifications.write(session, NotificationKind.OFFER, booking.id)
        user_notifications.tell(
            session,
            NotificationTopic.OFFER,
            User.patient_id == entry.patient_id,
            subject_id=booking.id,
        )
        return booking
    return None


def _claim_of(slot_id: UUID, entry: Waiting) -> SlotClaim:
    return SlotClaim(
        slot_id=slot_id,
        patient_id=entry.patient_id,
        attempt=uuid4(),
        created_by=entry.created_by,
        created_by_name=BOOKER.name,
        seconds=rules.OFFER_SECONDS,
        waitlist_id=entry.id,
    )
