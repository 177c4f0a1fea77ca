"""Doctors as they are kept, and drafts of them."""

from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

SLOT_MINUTES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorDraft:
    """The fields of a doctor that can be typed.

    `fee` is what a visit costs, `slot_minutes` how long one lasts. `user_id` is the
    clinician who signs in as this doctor. A doctor who is not active cannot be booked.
    """

    name: str
    speciality: str
    sex: str = "unknown"
    city: str | None = None
    email: str | None = None
    license_number: str | None = None
    fee: Decimal | None = None
    room: str | None = None
    slot_minutes: int = SLOT_MINUTES
    is_active: bool = True
    user_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorRecord(DoctorDraft):
    """A doctor as kept.

    `revision` tells a stale page from a fresh one. `next_free_at` is when the next free
    slot begins, None without one; `updated_at` is when the revision was made. E-mail
    address, license number and sign-in are None for actors who may not change doctors.
    """

    id: UUID
    photo_file_id: str | None = None
    revision: int = 1
    next_free_at: datetime | None = None
    updated_at: datetime | None = None

    def draft(self) -> DoctorDraft:
        """Return the fields that can be typed."""
        return DoctorDraft(
            **{field.name: getattr(self, field.name) for field in fields(DoctorDraft)}
        )


@dataclass(frozen=True, slots=True)
class DoctorWorkload:
    """A doctor, and how many visits are booked with them from now on."""

    doctor_id: UUID
    name: str
    is_active: bool
    visits_ahead: int
