"""When doctors can be booked, and which of these times are taken."""

from services.visits.schedule.slots.finding import next_free
from services.visits.schedule.slots.listing import list_slots
from services.visits.schedule.slots.records import SlotRecord, SlotState

__all__ = ["SlotRecord", "SlotState", "list_slots", "next_free"]
