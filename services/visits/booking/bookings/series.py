"""Series: the same time of the week, for several weeks."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Final, Literal
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.booking import Booking, BookingSlot, Slot
from services.core.actors import Actor, Permission
from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.visits.booking.bookings import confirming, holding, reading
from services.visits.booking.bookings.errors import (
    AttemptKeyReused,
    HoldExpired,
    NoSuchSlot,
    PatientBusy,
)
from services.visits.booking.bookings.records import (
    BookingRecord,
    BookingRequest,
    BookingStatus,
    SeriesRequest,
    SeriesSlot,
)
from services.visits.booking.bookings.rows import NOW
from services.visits.booking.bookings.visibility import require_booking

LONGEST_SERIES: Final = 12
_WEEK: Final = timedelta(weeks=1)


def preview_series(
    session: Session, actor: Actor, slot_id: UUID, times: int, zone: tzinfo
) -> tuple[SeriesSlot, ...]:
    """Return the slot and those at its time in the following weeks, free or not.

    The same time is meant by the clinic's clock, even when clocks change in between.
    Raises NoSuchSlot, InvalidInput, NotAllowed.
    """
    actor.require(Permission.VIEW_DOCTORS)
    require_booking(actor)
    _require_length(times, "times")
    first = session.get(Slot, slot_id)
    if first is None or first.withdrawn_at is not None:
        raise NoSuchSlot
    length = first.ends_at - first.starts_at
    timestamps = [_weeks_later(first.starts_at, weeks, zone) for weeks in range(times)]
    offered = _offered(session, first.doctor_id, timestamps)
    return tuple(
        offered.get(timestamp)
        or SeriesSlot(timestamp, timestamp + length, None, "none")
        for timestamp in timestamps
    )


def hold_series(
    session: Session, actor: Actor, request: SeriesRequest
) -> tuple[BookingRecord, ...]:
    """Hold each of the slots, or record which were lost; in the order given.

    The caller commits either way. The same series again returns the earlier result.
    Raises InvalidInput, AttemptKeyReused if the series is for somebody else, and what
    `hold` raises; PatientBusy and NoSuchSlot name the slot.
    """
    require_booking(actor, request.patient_id)
    slot_ids = tuple(dict.fromkeys(request.slot_ids))
    _require_length(len(slot_ids), "slot_ids")
    # A series is confirmed as a whole: its holds must all be for the same patient.
    of_series = reading.find(session, actor, Booking.series_id == request.series_id)
    if any(booking.patient_id != request.patient_id for booking in of_series):
        raise AttemptKeyReused
    # In the same order for everybody, so that two series cannot deadlock.
    made = {
        slot_id: _hold(session, actor, request, slot_id) for slot_id in sorted(slot_ids)
    }
    return tuple(made[slot_id] for slot_id in slot_ids)


def confirm_series(
    session: Session, actor: Actor, series_id: UUID, *, note: str | None = None
) -> tuple[BookingRecord, ...]:
    """Make the held slots of a series visits, all or none; the caller commits.

    Raises HoldExpired when one of them has run out or nothing is held, and what
    `confirm` raises.
    """
    require_booking(actor)
    bookings = reading.find(session, actor, Booking.series_id == series_id)
    standing = [
        booking
        for booking in bookings
        if booking.status not in {BookingStatus.FAILED, BookingStatus.CANCELLED}
    ]
    if not standing:
        raise HoldExpired
    confirmed = [
        confirming.confirm(session, actor, booking.id, note=note)
        for booking in standing
    ]
    return tuple(sorted(confirmed, key=lambda booking: booking.starts_at))


def _hold(
    session: Session, actor: Actor, request: SeriesRequest, slot_id: UUID
) -> BookingRecord:
    try:
        return holding.hold(session, actor, _wanted(request, slot_id))
    except (NoSuchSlot, PatientBusy) as refusal:
        refusal.slot_id = slot_id
        raise


def _wanted(request: SeriesRequest, slot_id: UUID) -> BookingRequest:
    return BookingRequest(
        slot_id=slot_id,
        patient_id=request.patient_id,
        attempt=uuid5(request.series_id, str(slot_id)),
        note=request.note,
        override_reason=request.override_reason,
        series_id=request.series_id,
    )


def _require_length(times: int, property_name: str) -> None:
    if not 1 <= times <= LONGEST_SERIES:
        raise InvalidInput(
            property_name,
            Sentence(
                "A series can have 1 to {most} visits.",
                most=LONGEST_SERIES,
            ),
        )


def _weeks_later(timestamp: datetime, weeks: int, zone: tzinfo) -> datetime:
    """Return the same time by the clinic's clock: zone arithmetic keeps wall time."""
    return timestamp.astimezone(zone) + weeks * _WEEK


def _offered(
    session: Session, doctor_id: UUID, timestamps: Sequence[datetime]
) -> dict[datetime, SeriesSlot]:
    rows = session.execute(
        select(
            Slot.id,
            Slot.starts_at,
            Slot.ends_at,
            BookingSlot.status,
            BookingSlot.expires_at <= NOW,
        )
        .outerjoin(BookingSlot, BookingSlot.slot_id == Slot.id)
        .where(
            Slot.doctor_id == doctor_id,
            Slot.starts_at.in_(timestamps),
            Slot.starts_at > NOW,
            Slot.withdrawn_at.is_(None),
            ~Slot.is_leaving,
        )
    )
    return {
        starts_at: SeriesSlot(starts_at, ends_at, slot_id, _state(status, is_over))
        for slot_id, starts_at, ends_at, status, is_over in rows
    }


def _state(
    status: str | None, is_over: bool | None
) -> Literal["free", "held", "booked"]:
    if status is None or is_over:
        return "free"
    return "booked" if status == "booked" else "held"
