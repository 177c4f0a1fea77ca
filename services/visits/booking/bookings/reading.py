"""Reading bookings; each reading is recorded."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, true
from sqlalchemy.orm import Session

from db.models.booking import Booking, Slot
from services.core import audit
from services.core.actors import Actor, Role
from services.core.audit import Action
from services.visits.booking.bookings.errors import NoSuchBooking
from services.visits.booking.bookings.records import BookingRecord
from services.visits.booking.bookings.rows import IS_LIVE, record_of, records
from services.visits.booking.bookings.visibility import is_visible_to
from services.visits.booking.patients import require_patient
from services.visits.schedule.permissions import require_view

_MOST: Final = 200

# Records what was done with a booking; with a reason if against the rules.
record_event: Final[audit.Recorder[BookingRecord]] = audit.Recorder(
    "booking", lambda booking: {"slot": booking.slot_id, "status": booking.status}
)


def get(session: Session, actor: Actor, booking_id: UUID) -> BookingRecord:
    """Return the booking in its current state; raises NoSuchBooking, NotAllowed."""
    booking = look_up(session, actor, booking_id)
    record_event(session, actor, Action.BOOKING_READ, booking)
    return booking


def current_holds(session: Session, actor: Actor) -> tuple[BookingRecord, ...]:
    """Return the slots that the actor holds now, the soonest to run out first.

    For a patient, all that are held for them, by whomever; for others, those that they
    took themselves, and those offered to the waiting list: whoever is at the desk
    confirms them for patients who phone. Raises NotAllowed.
    """
    require_view(actor)
    is_own = (
        Booking.patient_id == actor.patient_id
        if actor.role is Role.PATIENT
        else (Booking.created_by == actor.id) | Booking.waitlist_id.is_not(None)
    )
    rows = session.execute(
        records().where(is_own, IS_LIVE).order_by(Booking.expires_at, Booking.id)
    )
    return tuple(map(record_of, rows))


def list_of_patient(
    session: Session, actor: Actor, patient_id: UUID, *, are_held: bool = False
) -> tuple[BookingRecord, ...]:
    """Return the patient's bookings of every status, the latest times first.

    If `are_held`, only those whose hold has not run out. Raises NoSuchPatient,
    NotAllowed.
    """
    require_view(actor)
    require_patient(session, actor, patient_id)
    of_patient = Booking.patient_id == patient_id
    rows = session.execute(
        records()
        .where(of_patient, is_visible_to(actor), IS_LIVE if are_held else true())
        .order_by(Slot.starts_at.desc(), Booking.id.desc())
        .limit(_MOST)
    )
    bookings = tuple(map(record_of, rows))
    audit.record(
        session,
        actor,
        Action.BOOKING_READ,
        patient_id=patient_id,
        details={"count": len(bookings)},
    )
    return bookings


def look_up(session: Session, actor: Actor, booking_id: UUID) -> BookingRecord:
    """Return a booking, unrecorded; raises NoSuchBooking, NotAllowed."""
    require_view(actor)
    bookings = find(session, actor, Booking.id == booking_id)
    if not bookings:
        raise NoSuchBooking
    return bookings[0]


def find(
    session: Session, actor: Actor, *conditions: ColumnElement[bool]
) -> Sequence[BookingRecord]:
    """Return the bookings that match and the actor may see, unrecorded."""
    rows = session.execute(
        records().where(*conditions, is_visible_to(actor)).order_by(Booking.id)
    )
    return tuple(map(record_of, rows))
