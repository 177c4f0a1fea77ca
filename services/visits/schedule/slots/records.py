"""Slots as people are shown them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

SlotState = Literal["free", "held", "booked"]


@dataclass(frozen=True, slots=True)
class SlotRecord:
    """A slot, and whether it can be booked.

    `held_until` is set while somebody holds it. `own_booking_id` is set when the hold
    or the booking is the person's own. `version` counts its changes, `changed_at` is
    when the last one was, both only on request. `is_leaving`, in the calendar only, is
    set for a taken slot that the plan no longer has.
    """

    id: UUID
    doctor_id: UUID
    starts_at: datetime
    ends_at: datetime
    state: SlotState
    held_until: datetime | None = None
    own_booking_id: UUID | None = None
    version: int = 1
    changed_at: datetime | None = None
    is_leaving: bool = False
