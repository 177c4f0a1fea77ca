"""Letters about visits: written with what they tell of, sent by a job."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

__all__ = ["LetterKind", "write"]


class LetterKind(StrEnum):
    """What a letter tells of."""

    CONFIRMED = "confirmed"
    MOVED = "moved"
    CANCELLED = "cancelled"
    REMINDER = "reminder"
    OFFER = "offer"
    RELEASED = "released"


_WRITE = text("""
INSERT INTO visit_letters (kind, patient_id, booking_id, to_address, subject, body)
SELECT :kind, patients.id, bookings.id, patients.email, 'Your visit',
    'Sign in to see more.'
FROM bookings JOIN patients ON patients.id = bookings.patient_id
WHERE bookings.id = :booking_id AND patients.email IS NOT NULL
""")


def write(session: Session, kind: LetterKind, booking_id: UUID) -> None:
    """Write the letter to the booking's patient, if they have an e-mail address."""
    session.execute(_WRITE, {"kind": kind.value, "booking_id": booking_id})
