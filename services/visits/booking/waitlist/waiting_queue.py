"""Whose turn it is when a slot is freed; for the services that free one."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select, true, update
from sqlalchemy.orm import Session

from db.models.booking import Booking, BookingSlot, Slot, WaitlistEntry
from db.models.doctor import Doctor
from db.models.patient import Patient

# A slot that begins sooner leaves no time to answer and to come.
_AHEAD: Final = timedelta(minutes=30)
_NOW: Final = func.clock_timestamp()
_LIVE: Final = or_(BookingSlot.expires_at.is_(None), BookingSlot.expires_at > _NOW)
# Whether an entry waits for a slot of a doctor.
_IS_WANTED: Final = (
    or_(
        WaitlistEntry.doctor_id == Doctor.id,
        func.fold(WaitlistEntry.speciality) == func.fold(Doctor.speciality),
    ),
    WaitlistEntry.from_at <= Slot.starts_at,
    WaitlistEntry.until_at >= Slot.ends_at,
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody in line."""

    id: UUID
    patient_id: UUID
    created_by: UUID


def next_in_line(session: Session, slot_id: UUID) -> Waiting | None:
    """Return who is first in line for the slot, if it is free; locked until the end.

    Entries that another worker has locked are skipped, and so are patients who are
    elsewhere at that time, or have given this very time back while they waited.
    """
    row = session.execute(
        select(WaitlistEntry.id, WaitlistEntry.patient_id, WaitlistEntry.created_by)
        .join(Slot, Slot.id == slot_id)
        .join(Doctor, Doctor.id == Slot.doctor_id)
        .join(Patient, Patient.id == WaitlistEntry.patient_id)
        .where(
            WaitlistEntry.status == "waiting",
            *_IS_WANTED,
            Slot.withdrawn_at.is_(None),
            ~Slot.is_leaving,
            Slot.starts_at > _NOW + _AHEAD,
            Patient.deleted_at.is_(None),
            Patient.deceased_on.is_(None),
            ~_is_taken(slot_id),
            ~_is_elsewhere(),
            ~_has_given_back(slot_id),
        )
        .order_by(WaitlistEntry.created_at, WaitlistEntry.id)
        .limit(1)
        .with_for_update(of=WaitlistEntry, skip_locked=True)
    ).one_or_none()
    return None if row is None else Waiting(*row)


def mark_offered(session: Session, entry_id: UUID) -> None:
    """Record that somebody is offered a slot now."""
    session.execute(
        update(WaitlistEntry)
        .where(WaitlistEntry.id == entry_id)
        .values(status="offered", offered_at=_NOW)
        .execution_options(synchronize_session=False)
    )


def end(session: Session, entry_id: UUID, status: Literal["booked", "passed"]) -> None:
    """Record the result of an offer."""
    session.execute(
        update(WaitlistEntry)
        .where(WaitlistEntry.id == entry_id, WaitlistEntry.status == "offered")
        .values(status=status, ended_at=_NOW)
        .execution_options(synchronize_session=False)
    )


def end_satisfied(
    session: Session, booking_id: UUID, *, replaced_id: UUID | None
) -> tuple[UUID, ...]:
    """End the patient's waits for a visit such as the booking; return the places.

    In the background's role. If the booking replaces a visit that was such a one, too,
    the patient had it while waiting, and goes on to wait for another. A place that is
    being offered a time at this moment, and is therefore locked, stays: that time is
    theirs to take or to release.
    """
    wanted = (
        select(WaitlistEntry.id)
        .where(
            WaitlistEntry.status == "waiting",
            _is_met_by(booking_id),
            ~_is_met_by(replaced_id) if replaced_id else true(),
        )
        .with_for_update(skip_locked=True)
    )
    ended = session.scalars(
        update(WaitlistEntry)
        .where(WaitlistEntry.id.in_(wanted))
        .values(status="booked", ended_at=_NOW)
        .returning(WaitlistEntry.id)
        .execution_options(synchronize_session=False)
    )
    return tuple(sorted(ended))


def _is_met_by(booking_id: UUID) -> ColumnElement[bool]:
    """Return whether a booking of the same patient is what the entry waits for."""
    return exists().where(
        Booking.id == booking_id,
        Booking.patient_id == WaitlistEntry.patient_id,
        Slot.id == Booking.slot_id,
        Doctor.id == Booking.doctor_id,
        *_IS_WANTED,
    )


def tidy(session: Session) -> None:
    """Record offers and waits that are over and were not yet recorded as such.

    A booking that takes over an offer which ran out leaves the waiting list as it is.
    """
    is_offered = exists().where(
        Booking.waitlist_id == WaitlistEntry.id,
        Booking.status.in_(("pending", "confirmed")),
    )
    is_over = or_(
        (WaitlistEntry.status == "offered") & ~is_offered,
        (WaitlistEntry.status == "waiting") & (WaitlistEntry.until_at <= _NOW),
    )
    over = select(WaitlistEntry.id).where(is_over).with_for_update(skip_locked=True)
    session.execute(
        update(WaitlistEntry)
        .where(WaitlistEntry.id.in_(over))
        .values(status="passed", ended_at=_NOW)
        .execution_options(synchronize_session=False)
    )


def _is_taken(slot_id: UUID) -> ColumnElement[bool]:
    return exists().where(BookingSlot.slot_id == slot_id, _LIVE)


def _has_given_back(slot_id: UUID) -> ColumnElement[bool]:
    return exists().where(
        Booking.slot_id == slot_id,
        Booking.patient_id == WaitlistEntry.patient_id,
        Booking.status == "cancelled",
        Booking.confirmed_at.is_not(None),
        Booking.ended_at > WaitlistEntry.created_at,
    )


def _is_elsewhere() -> ColumnElement[bool]:
    return exists().where(
        BookingSlot.patient_id == WaitlistEntry.patient_id,
        BookingSlot.starts_at < Slot.ends_at,
        BookingSlot.ends_at > Slot.starts_at,
        _LIVE,
    )
