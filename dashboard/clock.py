"""The clinic's clock: its day, its moment, and any moment as it shows it."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from dashboard import wiring


def today() -> date:
    """Return the day in the clinic's zone."""
    return now().date()


def now() -> datetime:
    """Return the moment on the clinic's clock."""
    return datetime.now(zone())


def in_zone(moment: datetime) -> datetime:
    """Return the moment on the clinic's clock."""
    return moment.astimezone(zone())


def zone() -> ZoneInfo:
    """Return the zone of the clinic's clock."""
    return ZoneInfo(wiring.current().settings.timezone)
