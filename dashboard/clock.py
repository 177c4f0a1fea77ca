"""The clinic's clock: its day, its moment, and any moment as it shows it."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from dashboard import wiring


def today() -> date:
    """Return the day in the clinic's zone."""
    return now().date()


def now() -> datetime:
    """Return the moment on the clinic's clock."""
    return datetime.now(_zone())


def in_zone(moment: datetime) -> datetime:
    """Return the moment on the clinic's clock."""
    return moment.astimezone(_zone())


def midnight(day: date) -> datetime:
    """Return the moment at which the day begins on the clinic's clock."""
    return datetime.combine(day, time(), _zone())


def zone_name() -> str:
    """Return the name of the clinic's zone, such as Europe/Berlin."""
    return _zone().key


def _zone() -> ZoneInfo:
    return ZoneInfo(wiring.current().settings.timezone)
