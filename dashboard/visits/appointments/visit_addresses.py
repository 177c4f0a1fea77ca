"""Where what belongs to a visit is downloaded; the routes ask who is there."""

from collections.abc import Sequence
from datetime import date
from urllib.parse import urlencode
from uuid import UUID

from dashboard.context import last_write


def ticket_url(appointment_id: UUID) -> str:
    """Return where the ticket of a visit is."""
    return _seen(f"/api/appointments/{appointment_id}/ticket")


def calendar_url(appointment_id: UUID) -> str:
    """Return where the calendar file of a visit is."""
    return _seen(f"/api/appointments/{appointment_id}/calendar")


def day_list_url(day: date, doctor_ids: Sequence[UUID]) -> str:
    """Return where the list of a day's visits is, of all doctors if none is named."""
    wanted = [("day", day.isoformat()), *(("doctor", str(id_)) for id_ in doctor_ids)]
    return _seen("/files/day-list.pdf", wanted)


def leaving_url(booking_id: UUID) -> str:
    """Return where a browser says that it leaves what was held on its page."""
    return f"/api/bookings/{booking_id}/release"


def _seen(path: str, wanted: Sequence[tuple[str, str]] = ()) -> str:
    # A replica may not know yet of what was booked a moment ago.
    after = last_write()
    query = [*wanted, ("after_lsn", str(after))] if after else wanted
    return f"{path}?{urlencode(query)}" if query else path
