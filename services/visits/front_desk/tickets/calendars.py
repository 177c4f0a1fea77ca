"""A visit as an entry for somebody's own calendar (RFC 5545)."""

from datetime import UTC, datetime
from typing import Final

from icalendar import Calendar, Event

from services.documents.forms import Clinic
from services.visits.front_desk.appointments import VisitRecord, VisitStatus, spelt

_PRODUCT: Final = "-//Chartroom//Visits//EN"


def calendar_file(
    visit: VisitRecord, *, clinic: Clinic, address: str, now: datetime
) -> bytes:
    """Return the entry; taken again after a change it replaces the one from before.

    Other people see calendars: it names neither the doctor nor what the visit is for.
    Its moments are in UTC, which every calendar shows in its owner's zone.
    """
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(_event(visit, clinic, address, now))
    return bytes(calendar.to_ical())


def _event(visit: VisitRecord, clinic: Clinic, address: str, now: datetime) -> Event:
    is_off = visit.status is VisitStatus.CANCELLED
    event = Event()
    event.add("uid", f"urn:uuid:{visit.id}")
    event.add("sequence", visit.revision)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", visit.starts_at.astimezone(UTC))
    event.add("dtend", visit.ends_at.astimezone(UTC))
    event.add("summary", f"Visit at {clinic.name}")
    event.add("status", "CANCELLED" if is_off else "CONFIRMED")
    event.add("url", f"{address}/visits")
    event.add("description", f"Code for the front desk: {spelt(visit.code)}")
    where = ", ".join(filter(None, (clinic.name, *clinic.address.split("\n"))))
    event.add("location", f"{where}, room {visit.room}" if visit.room else where)
    return event
