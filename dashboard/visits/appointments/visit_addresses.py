"""Download addresses of a visit's files; the routes check who is signed in."""

from collections.abc import Sequence
from datetime import date
from urllib.parse import urlencode
from uuid import UUID

from dashboard.context import last_write
from dashboard.ui.language import current_language


def ticket_url(appointment_id: UUID) -> str:
    """Return the address of a visit's ticket."""
    return _spoken(f"/api/appointments/{appointment_id}/ticket")


def calendar_url(appointment_id: UUID) -> str:
    """Return the address of a visit's calendar file."""
    return _spoken(f"/api/appointments/{appointment_id}/calendar")


def day_list_url(day: date, doctor_ids: Sequence[UUID]) -> str:
    """Return the address of a day's list of visits, of all doctors if none is named."""
    wanted = [("day", day.isoformat()), *(("doctor", str(id_)) for id_ in doctor_ids)]
    return _seen("/files/day-list.pdf", wanted)


def leaving_url(booking_id: UUID) -> str:
    """Return the address that a browser calls when it leaves a page with a hold."""
    return f"/api/bookings/{booking_id}/release"


def _spoken(path: str) -> str:
    return _seen(path, [("language", current_language())])


def _seen(path: str, wanted: Sequence[tuple[str, str]]) -> str:
    # A replica may not have a booking of a moment ago yet.
    after = last_write()
    query = [*wanted, ("after_lsn", str(after))] if after else wanted
    return f"{path}?{urlencode(query)}" if query else path
