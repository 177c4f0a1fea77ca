"""Whether a slot is taken, by the database's own clock."""

from typing import Final

from sqlalchemy import and_, func, or_, select

from db.models.booking import BookingSlot, Slot
from db.models.doctor import Doctor

# An expired hold may still have its row, until it is tidied away.
LIVE: Final = or_(
    BookingSlot.status == "booked", BookingSlot.expires_at > func.clock_timestamp()
)
IS_TAKEN: Final = (
    select(BookingSlot.slot_id)
    .where(BookingSlot.slot_id == Slot.id, LIVE)
    .correlate(Slot)
    .exists()
)
IS_OFFERED: Final = Slot.withdrawn_at.is_(None)
IS_AHEAD: Final = Slot.starts_at > func.clock_timestamp()
# A doctor who cannot be booked at the moment keeps their extra slots, for nobody to
# take.
HAS_ACTIVE_DOCTOR: Final = (
    select(Doctor.id)
    .where(Doctor.id == Slot.doctor_id, Doctor.is_active, Doctor.deleted_at.is_(None))
    .correlate(Slot)
    .exists()
)
IS_FREE: Final = and_(IS_OFFERED, IS_AHEAD, ~Slot.is_leaving, ~IS_TAKEN)
