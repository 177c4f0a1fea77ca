"""The rules of booking, applied before the database decides who was first."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Select, func, select, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.models.booking import Appointment, Booking, BookingSlot, Slot
from db.models.consultation import MedicalRecord
from db.models.patient import Patient
from db.postgres import assume_role
from db.postgres.violations import violated
from services.core.actors import Actor, Role
from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.core.typed_text import is_storable
from services.visits.booking.bookings.errors import (
    AttemptKeyReused,
    BookingOver,
    NotesWritten,
    PatientBusy,
    TooLateToCancel,
    TooManyHolds,
    VisitHasBegun,
)
from services.visits.booking.bookings.records import BookingRecord, BookingStatus
from services.visits.booking.bookings.rows import NOW

# How long somebody from the waiting list has to answer.
OFFER_SECONDS: Final = 15 * 60.0
# How long before a visit patients may still give it back, unless a setting differs.
NOTICE_HOURS: Final = 24.0
MOST_HOLDS: Final = 3
LONGEST_NOTE: Final = 500
_REFUSALS: Final[Mapping[str, type[PatientBusy] | type[AttemptKeyReused]]] = {
    "booking_slots_one_place": PatientBusy,
    "bookings_attempt_once": AttemptKeyReused,
}


def read_note(typed: str) -> str:
    """Return the note stripped, or raise InvalidInput."""
    note = typed.strip()
    if len(note) > LONGEST_NOTE:
        raise InvalidInput(
            "note",
            Sentence(
                "What the visit is about is too long; shorten it to {most} characters.",
                most=LONGEST_NOTE,
            ),
        )
    if not is_storable(note):
        raise InvalidInput(
            "note",
            "What the visit is about contains a character that cannot be stored.",
        )
    return note


def require_room_for_more(
    session: Session, actor: Actor, patient_id: UUID, *, series_id: UUID | None
) -> None:
    """Raise TooManyHolds if a patient holds all they may; a series counts once.

    Further times of the series `series_id` need no more room than its first. Two
    concurrent requests queue up here, so that the second counts what the first took.
    """
    if actor.role is not Role.PATIENT:
        return
    session.execute(
        select(Patient.id)
        .where(Patient.id == patient_id)
        .with_for_update(key_share=True)
    )
    held = session.scalar(
        select(
            func.count(func.distinct(func.coalesce(Booking.series_id, Booking.id)))
        ).where(
            Booking.id.in_(_held_for(patient_id)),
            Booking.waitlist_id.is_(None),
            Booking.series_id.is_distinct_from(series_id) if series_id else true(),
        )
    )
    if held is not None and held >= MOST_HOLDS:
        raise TooManyHolds(MOST_HOLDS)


def require_free(
    session: Session, slot_id: UUID, patient_id: UUID, *, but_for: UUID
) -> None:
    """Raise PatientBusy if the patient is elsewhere then, ignoring booking `but_for`.

    The constraint has to let a move overlap the booking it replaces until it is
    confirmed, and does not cover overlaps that staff or a merge once allowed.
    """
    elsewhere = (
        select(BookingSlot.slot_id)
        .join(Slot, Slot.id == slot_id)
        .where(
            BookingSlot.patient_id == patient_id,
            BookingSlot.booking_id != but_for,
            BookingSlot.slot_id != slot_id,
            BookingSlot.starts_at < Slot.ends_at,
            BookingSlot.ends_at > Slot.starts_at,
            (BookingSlot.expires_at.is_(None)) | (BookingSlot.expires_at > NOW),
        )
    )
    if session.scalar(elsewhere.limit(1)) is not None:
        raise PatientBusy


def require_expected(session: Session, booking: BookingRecord) -> None:
    """Raise BookingOver unless the visit is still to come, not even checked in."""
    expected = select(Appointment.id).where(
        Appointment.booking_id == booking.id, Appointment.status == "scheduled"
    )
    if session.scalar(expected) is None:
        raise BookingOver


def require_notice(
    session: Session,
    actor: Actor,
    booking: BookingRecord,
    hours: float,
    *,
    override: str | None,
) -> None:
    """Raise VisitHasBegun or TooLateToCancel unless the actor may still give it back.

    The notice binds only patients, and only for confirmed bookings. An actor who may
    override rules can give a visit back after it has begun, with a reason.
    """
    left = session.scalar(select(booking.starts_at - NOW))
    assert left is not None  # noqa: S101 (a difference of two moments)
    if left <= timedelta(0) and override is None:
        raise VisitHasBegun
    is_bound = actor.role is Role.PATIENT and booking.status is BookingStatus.CONFIRMED
    if is_bound and left < timedelta(hours=hours):
        raise TooLateToCancel(hours)


def require_unwritten(session: Session, booking: BookingRecord) -> None:
    """Raise NotesWritten if notes are saved for the booking's visit.

    The visit is locked: notes that are being saved at this time are either saved first,
    or find it cancelled.
    """
    # A visit that is no longer to come is reported as over instead.
    visit = select(Appointment.id).where(
        Appointment.booking_id == booking.id, Appointment.status == "scheduled"
    )
    # The desk may not read notes, but may know that there are some.
    with assume_role(session, "system"):
        visit_id = session.scalar(visit.with_for_update(key_share=True))
        if visit_id is None:
            return
        notes = select(MedicalRecord.id).where(MedicalRecord.appointment_id == visit_id)
        if session.scalar(notes) is not None:
            raise NotesWritten


@contextmanager
def translate_violations() -> Iterator[None]:
    """Translate constraint violations into PatientBusy or AttemptKeyReused."""
    try:
        yield
    except IntegrityError as error:
        refusal = _REFUSALS.get(violated(error) or "")
        if refusal is None:
            raise
        raise refusal() from error


def _held_for(patient_id: UUID) -> Select[UUID | None]:
    return select(BookingSlot.booking_id).where(
        BookingSlot.patient_id == patient_id,
        BookingSlot.status == "held",
        BookingSlot.expires_at > NOW,
    )
