"""Holds: a slot that is reserved for somebody for two minutes."""

from typing import Final

from sqlalchemy.orm import Session

from db.models.booking import Booking
from services.core.actors import Actor, Role
from services.visits.booking.bookings import claiming, reading, rules
from services.visits.booking.bookings.claiming import SlotClaim
from services.visits.booking.bookings.errors import (
    AttemptKeyReused,
    BookingOver,
    NoSuchSlot,
    SlotTaken,
)
from services.visits.booking.bookings.records import (
    HOLD_SECONDS,
    BookingRecord,
    BookingRequest,
    BookingStatus,
)
from services.visits.booking.bookings.visibility import require_booking, writing_as
from services.visits.booking.patients import require_in_use, require_patient
from services.visits.schedule import permissions

_MOVABLE: Final = (BookingStatus.CONFIRMED,)


def hold(
    session: Session,
    actor: Actor,
    request: BookingRequest,
    *,
    notice_hours: float = rules.NOTICE_HOURS,
) -> BookingRecord:
    """Hold the slot for two minutes, or record that somebody was quicker.

    The caller commits either way, then calls `require_held`: a lost race is kept, as a
    booking that failed. The same attempt again returns the earlier result. With
    `replaces_id` the slot replaces that booking once it is confirmed. Raises
    NoSuchSlot, NoSuchPatient, PatientArchived, PatientBusy, TooManyHolds,
    NoSuchBooking, TooLateToCancel, BookingOver, AttemptKeyReused, InvalidInput,
    NotAllowed.
    """
    require_booking(actor, request.patient_id)
    require_patient(session, actor, request.patient_id)
    override = permissions.read_override(actor, request.override_reason)
    if actor.role is Role.PATIENT or request.replaces_id:
        # Look for the attempt before the checks: its own hold may have used up the
        # room.
        if earlier := _find_attempt(session, actor, request):
            return earlier
        _check(session, actor, request, override, notice_hours)
    with writing_as(session, actor), rules.translate_violations():
        booking = claiming.claim(session, actor, _claim_of(actor, request, override))
    return booking or _made_before(session, actor, request)


def require_held(booking: BookingRecord) -> BookingRecord:
    """Return the booking, or raise SlotTaken if it lost the race for its slot."""
    if booking.status is BookingStatus.FAILED:
        raise SlotTaken(booking)
    return booking


def _check(
    session: Session,
    actor: Actor,
    request: BookingRequest,
    override: str | None,
    notice_hours: float,
) -> None:
    if request.replaces_id:
        replaced = reading.look_up(session, actor, request.replaces_id)
        is_movable = replaced.status in _MOVABLE
        if not is_movable or replaced.patient_id != request.patient_id:
            raise BookingOver
        rules.require_expected(session, replaced)
        rules.require_notice(session, actor, replaced, notice_hours, override=override)
    with writing_as(session, actor):
        rules.require_room_for_more(
            session, actor, request.patient_id, series_id=request.series_id
        )
        if request.replaces_id and not override:
            rules.require_free(
                session,
                request.slot_id,
                request.patient_id,
                but_for=request.replaces_id,
            )


def _claim_of(actor: Actor, request: BookingRequest, override: str | None) -> SlotClaim:
    return SlotClaim(
        slot_id=request.slot_id,
        patient_id=request.patient_id,
        attempt=request.attempt,
        created_by=actor.id,
        created_by_name=actor.name,
        seconds=HOLD_SECONDS,
        note=rules.read_note(request.note),
        override_reason=override,
        replaces_id=request.replaces_id,
        series_id=request.series_id,
        # The booking that it replaces is in its way until it is confirmed.
        may_overlap=override is not None or request.replaces_id is not None,
    )


def _find_attempt(
    session: Session, actor: Actor, request: BookingRequest
) -> BookingRecord | None:
    """Return the earlier result of the same attempt; raises AttemptKeyReused."""
    bookings = reading.find(
        session,
        actor,
        Booking.created_by == actor.id,
        Booking.attempt == request.attempt,
    )
    if not bookings:
        return None
    earlier = bookings[0]
    made = (earlier.slot_id, earlier.patient_id, earlier.replaces_id)
    # Another note may have come with its confirmation.
    if made != (request.slot_id, request.patient_id, request.replaces_id):
        raise AttemptKeyReused
    return earlier


def _made_before(
    session: Session, actor: Actor, request: BookingRequest
) -> BookingRecord:
    """Return the attempt's earlier result, or raise why nothing could be made."""
    if earlier := _find_attempt(session, actor, request):
        return earlier
    require_in_use(session, request.patient_id)
    raise NoSuchSlot
