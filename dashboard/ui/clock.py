"""The clinic's clock: its day, its moment, any moment as it shows it."""

from datetime import date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from dashboard import wiring

if TYPE_CHECKING:
    from services.visits.schedule.plans import Calendar


def today() -> date:
    """Return the day in the clinic's zone."""
    return now().date()


def now() -> datetime:
    """Return the moment on the clinic's clock."""
    return datetime.now(zone())


def in_zone(timestamp: datetime) -> datetime:
    """Return the moment on the clinic's clock."""
    return timestamp.astimezone(zone())


def midnight(day: date) -> datetime:
    """Return the moment at which the day begins on the clinic's clock."""
    return datetime.combine(day, time(), zone())


def calendar() -> "Calendar":
    """Return by which clock doctors work, and how far ahead they can be booked."""
    return wiring.calendar(wiring.current().settings)


def zone() -> ZoneInfo:
    """Return the clinic's zone."""
    return ZoneInfo(wiring.current().settings.timezone)
