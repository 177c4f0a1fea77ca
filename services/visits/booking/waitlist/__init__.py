"""The waiting list: who gets a slot that frees up.

`services.visits.booking.bookings` makes the offers: see `freeing.offer`.
"""

from services.visits.booking.waitlist.joining import MOST_PLACES, join, leave
from services.visits.booking.waitlist.reading import list_of_patient
from services.visits.booking.waitlist.records import (
    NoSuchEntry,
    NotWaiting,
    TooManyPlaces,
    WaitRecord,
    WaitRequest,
    WaitsAlready,
    WaitStatus,
)

__all__ = [
    "MOST_PLACES",
    "NoSuchEntry",
    "NotWaiting",
    "TooManyPlaces",
    "WaitRecord",
    "WaitRequest",
    "WaitStatus",
    "WaitsAlready",
    "join",
    "leave",
    "list_of_patient",
]
