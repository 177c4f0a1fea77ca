"""What a patient takes along of a visit: a ticket to be scanned, a calendar entry."""

from services.tickets.calendars import calendar_file
from services.tickets.errors import NoTicket
from services.tickets.paper import ticket_pdf

__all__ = ["NoTicket", "calendar_file", "ticket_pdf"]
