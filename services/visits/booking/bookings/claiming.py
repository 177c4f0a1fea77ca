"""The one call that decides who gets a slot, and records the result."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy.orm import Session

from services.core import audit
from services.core.actors import Actor
from services.core.audit import Action
from services.visits.booking.bookings.records import BookingRecord, BookingStatus
from services.visits.schedule import visit_changes

# What it does, and why in that order: db/functions/visits.sql.
_HOLD: Final = "SELECT * FROM hold_slot(%s, %s, %s)"


class _Outcome(NamedTuple):
    """A row returned by `hold_slot`."""

    booking_id: UUID
    doctor_id: UUID
    doctor_name: str
    speciality: str
    room: str | None
    status: str
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    expires_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class SlotClaim:
    """The parameters of a hold: which slot, for whom, by whom, for how many seconds."""

    slot_id: UUID
    patient_id: UUID
    attempt: UUID
    created_by: UUID
    created_by_name: str
    seconds: float
    note: str = ""
    override_reason: str | None = None
    replaces_id: UUID | None = None
    series_id: UUID | None = None
    waitlist_id: UUID | None = None
    may_overlap: bool = False


def claim(
    session: Session,
    actor: Actor,
    wish: SlotClaim,
    action: Action = Action.BOOKING_HOLD,
) -> BookingRecord | None:
    """Hold the slot, or record that it was lost, as the actor's action.

    Returns None if nothing was written: the slot or the patient cannot be booked, or
    the attempt was made before. Raises IntegrityError if the patient is busy.
    """
    event = audit.event_of(
        actor,
        action,
        patient_id=wish.patient_id,
        subject=("booking", None),
        reason=wish.override_reason,
        details={"slot": wish.slot_id},
    )
    values = {name: getattr(wish, name) for name in SlotClaim.__slots__}
    given = (_json(values), _json(event), Action.BOOKING_LOSE.value)
    row = session.connection().exec_driver_sql(_HOLD, given).one_or_none()
    if row is None:
        return None
    outcome = _Outcome(*row)
    # A lost race changes nothing for others.
    if outcome.status == BookingStatus.PENDING:
        visit_changes.announce_change(session)
    return _record_of(outcome, wish)


def _json(values: object) -> str:
    return to_json(values).decode()


def _record_of(outcome: _Outcome, wish: SlotClaim) -> BookingRecord:
    is_held = outcome.status == BookingStatus.PENDING
    return BookingRecord(
        id=outcome.booking_id,
        slot_id=wish.slot_id,
        doctor_id=outcome.doctor_id,
        doctor_name=outcome.doctor_name,
        speciality=outcome.speciality,
        room=outcome.room,
        patient_id=wish.patient_id,
        status=BookingStatus(outcome.status),
        starts_at=outcome.starts_at,
        ends_at=outcome.ends_at,
        created_at=outcome.created_at,
        expires_at=outcome.expires_at,
        seconds_left=wish.seconds if is_held else None,
        renewals=0,
        note=wish.note,
        replaces_id=wish.replaces_id,
        series_id=wish.series_id,
        waitlist_id=wish.waitlist_id,
        created_by=wish.created_by,
        confirmed_at=None,
        ended_at=outcome.ended_at,
        appointment_id=None,
        changed_at=outcome.created_at,
    )
