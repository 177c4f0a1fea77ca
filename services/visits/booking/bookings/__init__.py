"""Bookings: slots held for two minutes, confirmed, moved and given back."""

from services.visits.booking.bookings.any_doctor import hold_any as hold_any
from services.visits.booking.bookings.cancelling import (
    cancel as cancel,
    release as release,
)
from services.visits.booking.bookings.confirming import (
    begin_care as begin_care,
    confirm as confirm,
    move as move,
)
from services.visits.booking.bookings.freeing import offer as offer
from services.visits.booking.bookings.holding import (
    hold as hold,
    require_held as require_held,
)
from services.visits.booking.bookings.reading import (
    current_holds as current_holds,
    get as get,
    list_of_patient as list_of_patient,
)
from services.visits.booking.bookings.records import (
    HOLD_SECONDS as HOLD_SECONDS,
    AnyRequest as AnyRequest,
    BookingRecord as BookingRecord,
    BookingRequest as BookingRequest,
    BookingStatus as BookingStatus,
    SeriesRequest as SeriesRequest,
    SeriesSlot as SeriesSlot,
)
from services.visits.booking.bookings.renewing import renew as renew
from services.visits.booking.bookings.series import (
    LONGEST_SERIES as LONGEST_SERIES,
    confirm_series as confirm_series,
    hold_series as hold_series,
    preview_series as preview_series,
)
from services.visits.booking.bookings.tidying import expire_due as expire_due
