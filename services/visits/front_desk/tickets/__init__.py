"""What a patient takes along of a visit: a ticket to be scanned, a calendar entry."""

from services.visits.front_desk.tickets.calendars import calendar_file
from services.visits.front_desk.tickets.errors import NoTicket
from services.visits.front_desk.tickets.paper import ticket_pdf

__all__ = ["NoTicket", "calendar_file", "ticket_pdf"]
