"""When doctors can be booked, and which of these times are taken."""

from services.visits.schedule.slots.finding import (
    find_free as find_free,
    next_free as next_free,
)
from services.visits.schedule.slots.listing import (
    get_slot as get_slot,
    list_slots as list_slots,
)
