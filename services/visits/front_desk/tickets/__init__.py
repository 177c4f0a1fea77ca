"""What patients take along for a visit: a ticket to be scanned, a calendar entry."""

from services.visits.front_desk.tickets.calendars import (
    calendar_file as calendar_file,
    newcomers_calendar_file as newcomers_calendar_file,
)
from services.visits.front_desk.tickets.errors import NoTicket as NoTicket
from services.visits.front_desk.tickets.paper import ticket_pdf as ticket_pdf
