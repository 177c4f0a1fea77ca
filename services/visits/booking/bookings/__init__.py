"""Bookings: slots held for two minutes, confirmed, moved and given back."""

from services.visits.booking.bookings.any_doctor import hold_any
from services.visits.booking.bookings.cancelling import cancel, release
from services.visits.booking.bookings.confirming import confirm
from services.visits.booking.bookings.errors import (
    AlreadyConfirmed,
    AlreadyRenewed,
    AttemptTaken,
    BookingOver,
    HoldExpired,
    NoSuchBooking,
    NoSuchSlot,
    PatientBusy,
    SlotTaken,
    TooLateToCancel,
    TooManyHolds,
    VisitHasBegun,
)
from services.visits.booking.bookings.holding import hold, require_held
from services.visits.booking.bookings.reading import current_holds, get, list_of_patient
from services.visits.booking.bookings.records import (
    AnyRequest,
    BookingRecord,
    BookingRequest,
    BookingStatus,
    SeriesRequest,
    SeriesSlot,
)
from services.visits.booking.bookings.renewing import renew
from services.visits.booking.bookings.rules import (
    HOLD_SECONDS,
    LONGEST_NOTE,
    MOST_HOLDS,
    NOTICE_HOURS,
    OFFER_SECONDS,
)
from services.visits.booking.bookings.series import (
    LONGEST_SERIES,
    confirm_series,
    hold_series,
    preview_series,
)
from services.visits.booking.bookings.tidying import expire_due

__all__ = [
    "HOLD_SECONDS",
    "LONGEST_NOTE",
    "LONGEST_SERIES",
    "MOST_HOLDS",
    "NOTICE_HOURS",
    "OFFER_SECONDS",
    "AlreadyConfirmed",
    "AlreadyRenewed",
    "AnyRequest",
    "AttemptTaken",
    "BookingOver",
    "BookingRecord",
    "BookingRequest",
    "BookingStatus",
    "HoldExpired",
    "NoSuchBooking",
    "NoSuchSlot",
    "PatientBusy",
    "SeriesRequest",
    "SeriesSlot",
    "SlotTaken",
    "TooLateToCancel",
    "TooManyHolds",
    "VisitHasBegun",
    "cancel",
    "confirm",
    "confirm_series",
    "current_holds",
    "expire_due",
    "get",
    "hold",
    "hold_any",
    "hold_series",
    "list_of_patient",
    "preview_series",
    "release",
    "renew",
    "require_held",
]
