"""The waiting list: who gets a slot that frees up.

`services.visits.booking.bookings` makes the offers: see `freeing.offer`.
"""

from services.visits.booking.waitlist.joining import (
    MOST_PLACES as MOST_PLACES,
    join as join,
    leave as leave,
    leave_satisfied as leave_satisfied,
)
from services.visits.booking.waitlist.reading import (
    get as get,
    list_everybody as list_everybody,
    list_of_patient as list_of_patient,
    list_offers_to_phone as list_offers_to_phone,
)
from services.visits.booking.waitlist.records import (
    EntryIdTaken as EntryIdTaken,
    NoSuchEntry as NoSuchEntry,
    NotWaiting as NotWaiting,
    OfferToPhone as OfferToPhone,
    TooManyPlaces as TooManyPlaces,
    WaitingList as WaitingList,
    WaitingPatient as WaitingPatient,
    WaitRecord as WaitRecord,
    WaitRequest as WaitRequest,
    WaitsAlready as WaitsAlready,
    WaitStatus as WaitStatus,
)
