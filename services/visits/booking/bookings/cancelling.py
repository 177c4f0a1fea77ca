"""Cancelling: giving back a hold or a visit before it is over."""

from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from db.postgres import assume_role
from services.core.actors import Actor, Role
from services.core.audit import Action
from services.core.typed_text import read_line
from services.visits.booking.bookings import freeing, reading, rules
from services.visits.booking.bookings.errors import AlreadyConfirmed, BookingOver
from services.visits.booking.bookings.records import BookingRecord, BookingStatus
from services.visits.booking.bookings.visibility import require_booking
from services.visits.booking.waitlist import waiting_queue
from services.visits.front_desk import notifications
from services.visits.front_desk.notifications import NotificationKind
from services.visits.schedule import permissions

_LONGEST_REASON: Final = 500


def cancel(
    session: Session,
    actor: Actor,
    booking_id: UUID,
    *,
    reason: str | None = None,
    override_reason: str | None = None,
    despite_notes: bool = False,
    notice_hours: float = rules.NOTICE_HOURS,
) -> BookingRecord:
    """Give back a hold or a visit, so that others can have it at once.

    The caller commits. A booking that has ended already is returned unchanged. Patients
    can give visits back until `notice_hours` before they begin; staff can also do so
    after the beginning with `override_reason`, and with notes saved if `despite_notes`.
    Raises TooLateToCancel, VisitHasBegun, NotesWritten, BookingOver once the patient is
    checked in, NoSuchBooking, InvalidInput, NotAllowed.
    """
    require_booking(actor)
    override = permissions.read_override(actor, override_reason)
    because = override or _read_reason(reason)
    before = reading.look_up(session, actor, booking_id)
    if before.status is BookingStatus.PENDING:
        return _give_back(session, actor, before)
    if before.status is not BookingStatus.CONFIRMED:
        return before
    rules.require_notice(session, actor, before, notice_hours, override=override)
    # Notes prepared for a visit do not keep patients from giving it back.
    if actor.role is not Role.PATIENT and not despite_notes:
        rules.require_unwritten(session, before)
    return _give_back(session, actor, before, because, override=override)


def release(session: Session, actor: Actor, booking_id: UUID) -> BookingRecord:
    """Give back a hold when its page is left; a visit stays. The caller commits.

    Raises NoSuchBooking, NotAllowed.
    """
    require_booking(actor)
    before = reading.look_up(session, actor, booking_id)
    if before.status is not BookingStatus.PENDING:
        return before
    return _give_back(session, actor, before)


def _read_reason(typed: str | None) -> str | None:
    return read_line("reason", typed or "", _LONGEST_REASON) or None


def _give_back(
    session: Session,
    actor: Actor,
    before: BookingRecord,
    because: str | None = None,
    *,
    override: str | None = None,
) -> BookingRecord:
    with assume_role(session, "system"):
        is_given_back = freeing.give_back(session, actor, before, because=because)
    after = reading.look_up(session, actor, before.id)
    if is_given_back:
        _follow_up(session, before)
        reading.record_event(
            session, actor, Action.BOOKING_CANCEL, after, reason=override
        )
    elif after.status is BookingStatus.CONFIRMED:
        # A hold that was confirmed meanwhile, or a patient who has been checked in.
        raise (
            AlreadyConfirmed if before.status is BookingStatus.PENDING else BookingOver
        )
    return after


def _follow_up(session: Session, before: BookingRecord) -> None:
    with assume_role(session, "system"):
        if before.waitlist_id:
            waiting_queue.end(session, before.waitlist_id, "passed")
        if before.status is BookingStatus.CONFIRMED:
            notifications.write(session, NotificationKind.CANCELLED, before.id)
        freeing.offer(session, before.slot_id)
