"""The waiting list: who gets a slot that frees up.

`services.bookings` makes the offers: see `freeing.offer`.
"""

from services.waitlist.joining import MOST_PLACES, join, leave
from services.waitlist.reading import list_of_patient
from services.waitlist.records import (
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
