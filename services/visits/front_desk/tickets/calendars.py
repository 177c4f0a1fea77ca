"""A visit as an entry for somebody's own calendar (RFC 5545)."""

from datetime import UTC, datetime
from typing import Final

from icalendar import Calendar, Event

from services.core.sentences import Sentence
from services.documents.forms import ENGLISH, Clinic, Wording
from services.visits.front_desk.appointments import VisitRecord, VisitStatus, formatted
from services.visits.newcomers import NewcomerRecord, NewcomerStatus

_PRODUCT: Final = "-//Chartroom//Visits//{language}"


def calendar_file(
    visit: VisitRecord,
    *,
    clinic: Clinic,
    address: str,
    now: datetime,
    wording: Wording = ENGLISH,
) -> bytes:
    """Return the entry; downloaded again after a change, it replaces the earlier one.

    Other people see calendars, so it names neither the doctor nor the reason. Its times
    are in UTC, which every calendar shows in its owner's zone.
    """
    is_off = visit.status is VisitStatus.CANCELLED
    event = _event(visit, clinic, now, wording, is_off=is_off)
    event.add("url", f"{address}/visits")
    code = Sentence("Code for the front desk: {code}", code=formatted(visit.code))
    event.add("description", wording.say(code))
    return _file_of(event, wording)


def newcomers_calendar_file(
    newcomer: NewcomerRecord, *, clinic: Clinic, wording: Wording
) -> bytes:
    """Return the entry of a newcomer's visit, as `calendar_file` does.

    The link to the visit is left out: calendars are shared.
    """
    is_off = newcomer.status is NewcomerStatus.CANCELLED
    event = _event(newcomer, clinic, newcomer.created_at, wording, is_off=is_off)
    return _file_of(event, wording)


def _file_of(event: Event, wording: Wording) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT.format(language=wording.language.upper()))
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _event(
    visit: VisitRecord | NewcomerRecord,
    clinic: Clinic,
    now: datetime,
    wording: Wording,
    *,
    is_off: bool,
) -> Event:
    event = Event()
    event.add("uid", f"urn:uuid:{visit.id}")
    event.add("sequence", visit.revision)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", visit.starts_at.astimezone(UTC))
    event.add("dtend", visit.ends_at.astimezone(UTC))
    event.add("summary", wording.say(Sentence("Visit at {clinic}", clinic=clinic.name)))
    event.add("status", "CANCELLED" if is_off else "CONFIRMED")
    where = [clinic.name, *clinic.address.split("\n")]
    if visit.room:
        where.append(wording.say(Sentence("room {room}", room=visit.room)))
    event.add("location", ", ".join(filter(None, where)))
    return event
