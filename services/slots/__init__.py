"""When doctors can be booked, and which of these times are taken."""

from services.slots.finding import next_free
from services.slots.listing import list_slots
from services.slots.records import SlotRecord, SlotState

__all__ = ["SlotRecord", "SlotState", "list_slots", "next_free"]
