"""Whose turn it is when a slot is freed; for the services that free one."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.orm import Session

from db.models.booking import Booking, BookingSlot, Slot, WaitlistEntry
from db.models.doctor import Doctor
from db.models.patient import Patient

# A slot that begins sooner leaves no time to answer and to come.
_AHEAD: Final = timedelta(minutes=30)
_NOW: Final = func.clock_timestamp()
_LIVE: Final = or_(BookingSlot.expires_at.is_(None), BookingSlot.expires_at > _NOW)


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
            or_(
                WaitlistEntry.doctor_id == Doctor.id,
                func.fold(WaitlistEntry.speciality) == func.fold(Doctor.speciality),
            ),
            WaitlistEntry.from_at <= Slot.starts_at,
            WaitlistEntry.until_at >= Slot.ends_at,
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
