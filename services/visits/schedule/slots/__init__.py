"""When doctors can be booked, and which of these times are taken."""

from services.visits.schedule.slots.finding import next_free as next_free
from services.visits.schedule.slots.listing import list_slots as list_slots
