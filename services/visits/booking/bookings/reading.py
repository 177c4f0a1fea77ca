"""Reading bookings; each reading is recorded."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from db.models.booking import Booking, Slot
from db.models.doctor import Doctor
from db.models.patient import PATIENT_NAME, Patient
from services.core import audit
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action
from services.visits.booking.bookings.errors import NoSuchBooking
from services.visits.booking.bookings.records import BookingRecord, OfferToPhone
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
    session: Session,
    actor: Actor,
    patient_id: UUID,
    *,
    are_held: bool = False,
    limit: int = _MOST,
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
        .limit(limit)
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


def list_offers_to_phone(
    session: Session, actor: Actor, *, shown_before: Collection[UUID] | None = None
) -> tuple[OfferToPhone, ...]:
    """Return the times held for patients on the waiting list without e-mail address.

    The first to run out comes first. Nobody else tells them of it. Patients
    `shown_before` on the same screen are not recorded again. Raises NotAllowed.
    """
    actor.require(Permission.RUN_THE_DESK)
    rows: Iterable[Any] = session.execute(
        select(
            Booking.id,
            Patient.id,
            PATIENT_NAME,
            Patient.phone_number,
            Doctor.name,
            Slot.starts_at,
            Booking.expires_at,
        )
        .join(Slot, Slot.id == Booking.slot_id)
        .join(Doctor, Doctor.id == Booking.doctor_id)
        .join(Patient, Patient.id == Booking.patient_id)
        .where(
            IS_LIVE,
            Booking.waitlist_id.is_not(None),
            Patient.email.is_(None),
            Patient.deleted_at.is_(None),
            Patient.deceased_on.is_(None),
        )
        .order_by(Booking.expires_at, Booking.id)
    )
    offers = tuple(OfferToPhone(*row) for row in rows)
    fresh = {offer.patient_id for offer in offers}.difference(shown_before or ())
    if fresh:
        # By this key patients find the lists that showed them.
        details = {"patients": sorted(fresh)}
        audit.record(session, actor, Action.WAITLIST_READ, details=details)
    return offers


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
