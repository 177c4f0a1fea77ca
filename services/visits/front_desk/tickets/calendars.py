"""A visit as an entry for somebody's own calendar (RFC 5545)."""

from datetime import UTC, datetime
from typing import Final

from icalendar import Calendar, Event

from services.documents.forms import Clinic
from services.visits.front_desk.appointments import VisitRecord, VisitStatus, formatted
from services.visits.newcomers import NewcomerRecord, NewcomerStatus

_PRODUCT: Final = "-//Chartroom//Visits//EN"


def calendar_file(
    visit: VisitRecord, *, clinic: Clinic, address: str, now: datetime
) -> bytes:
    """Return the entry; downloaded again after a change, it replaces the earlier one.

    Other people see calendars, so it names neither the doctor nor the reason. Its times
    are in UTC, which every calendar shows in its owner's zone.
    """
    event = _event(visit, clinic, now, is_off=visit.status is VisitStatus.CANCELLED)
    event.add("url", f"{address}/visits")
    event.add("description", f"Code for the front desk: {formatted(visit.code)}")
    return _file_of(event)


def newcomers_calendar_file(newcomer: NewcomerRecord, *, clinic: Clinic) -> bytes:
    """Return the entry of a newcomer's visit, as `calendar_file` does.

    The link to the visit is left out: calendars are shared.
    """
    is_off = newcomer.status is NewcomerStatus.CANCELLED
    return _file_of(_event(newcomer, clinic, newcomer.created_at, is_off=is_off))


def _file_of(event: Event) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _event(
    visit: VisitRecord | NewcomerRecord, clinic: Clinic, now: datetime, *, is_off: bool
) -> Event:
    event = Event()
    event.add("uid", f"urn:uuid:{visit.id}")
    event.add("sequence", visit.revision)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", visit.starts_at.astimezone(UTC))
    event.add("dtend", visit.ends_at.astimezone(UTC))
    event.add("summary", f"Visit at {clinic.name}")
    event.add("status", "CANCELLED" if is_off else "CONFIRMED")
    where = ", ".join(filter(None, (clinic.name, *clinic.address.split("\n"))))
    event.add("location", f"{where}, room {visit.room}" if visit.room else where)
    return event
