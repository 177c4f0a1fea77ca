"""Where what belongs to a visit is downloaded; the routes ask who is there."""

from urllib.parse import urlencode
from uuid import UUID

from dashboard.context import last_write


def ticket_url(appointment_id: UUID) -> str:
    """Return where the ticket of a visit is."""
    return _seen(f"/api/appointments/{appointment_id}/ticket")


def calendar_url(appointment_id: UUID) -> str:
    """Return where the calendar file of a visit is."""
    return _seen(f"/api/appointments/{appointment_id}/calendar")


def leaving_url(booking_id: UUID) -> str:
    """Return where a browser says that it leaves what was held on its page."""
    return f"/api/bookings/{booking_id}/release"


def _seen(path: str) -> str:
    # A replica may not know yet of what was booked a moment ago.
    after = last_write()
    return f"{path}?{urlencode({'after_lsn': str(after)})}" if after else path
