"""Where what belongs to a visit is downloaded; the routes ask who is there."""

from uuid import UUID


def ticket_url(appointment_id: UUID) -> str:
    """Return where the ticket of a visit is."""
    return f"/api/appointments/{appointment_id}/ticket"


def calendar_url(appointment_id: UUID) -> str:
    """Return where the calendar file of a visit is."""
    return f"/api/appointments/{appointment_id}/calendar"


def leaving_url(booking_id: UUID) -> str:
    """Return where a browser says that it leaves what was held on its page."""
    return f"/api/bookings/{booking_id}/release"
