"""The clinic's clock: today, now, and timestamps as it shows them."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard import wiring
from dashboard.ui.language import gettext as _

if TYPE_CHECKING:
    from services.visits.schedule.plans import Calendar

TWELVE_HOURS: Final = "12"
CLOCKS: Final = ("24", TWELVE_HOURS)
# The browser keeps this choice of its person, as it keeps the theme.
CLOCK_COOKIE: Final = "chartroom_clock"
_CHOSEN: Final = "chartroom_clock"
_NOON: Final = 12


def today() -> date:
    """Return today's date in the clinic's zone."""
    return now().date()


def now() -> datetime:
    """Return the current time on the clinic's clock."""
    return datetime.now(zone())


def in_zone(timestamp: datetime) -> datetime:
    """Return the timestamp in the clinic's zone."""
    return timestamp.astimezone(zone())


def on_axis(timestamp: datetime) -> float:
    """Return the timestamp as charts need it: their time axis has no zone."""
    return in_zone(timestamp).replace(tzinfo=UTC).timestamp() * 1000


def off_axis(milliseconds: float) -> datetime:
    """Return the timestamp at a position on a chart's time axis."""
    (timestamp,) = all_off_axis((milliseconds,))
    return timestamp


def all_off_axis(axis: Iterable[float]) -> list[datetime]:
    """Return the timestamps at positions on a time axis, in the clinic's zone."""
    places = (datetime.fromtimestamp(place / 1000, UTC) for place in axis)
    return [place.replace(tzinfo=zone()) for place in places]


def midnight(day: date) -> datetime:
    """Return the time at which the day begins on the clinic's clock."""
    return datetime.combine(day, time(), zone())


def calendar() -> "Calendar":
    """Return the clock that doctors work by, and how far ahead they can be booked."""
    return wiring.calendar(wiring.current().settings)


def zone() -> ZoneInfo:
    """Return the clinic's zone."""
    return ZoneInfo(wiring.current().settings.timezone)


def follow_chosen_clock() -> None:
    """Have this session's pages write times as their reader, or the clinic, chose."""
    chosen = st.context.cookies.get(CLOCK_COOKIE)
    st.session_state[_CHOSEN] = chosen if chosen in CLOCKS else usual_clock()


def is_twelve_hours() -> bool:
    """Return whether the page writes times with AM and PM.

    The session is asked, as for the language: fragments run without the shell.
    """
    if get_script_run_ctx(suppress_warning=True) is None:
        return usual_clock() == TWELVE_HOURS
    return bool(st.session_state.get(_CHOSEN, usual_clock()) == TWELVE_HOURS)


def time_of_day(local: datetime | time, *, has_seconds: bool = False) -> str:
    """Return the time as the page writes it: 14:40, or 2:40 PM."""
    if is_twelve_hours():
        return with_half_days(local, has_seconds=has_seconds)
    return f"{local:%H:%M:%S}" if has_seconds else f"{local:%H:%M}"


def with_season(local: datetime, time: str) -> str:
    """Return the time, with its season in the hour that comes twice in autumn."""
    both = {local.replace(fold=fold).utcoffset() for fold in (0, 1)}
    if len(both) == 1:
        return time
    said = _("{time} (winter time)") if local.fold else _("{time} (summer time)")
    return said.format(time=time)


def with_half_days(local: datetime | time, *, has_seconds: bool = False) -> str:
    """Return the time with AM or PM; midnight is 12:00 AM and noon 12:00 PM."""
    seconds = f":{local:%S}" if has_seconds else ""
    half = "AM" if local.hour < _NOON else "PM"
    return f"{local.hour % _NOON or _NOON}:{local:%M}{seconds} {half}"


def usual_clock() -> str:
    """Return the clinic's own clock, for those who have chosen none."""
    return wiring.current().settings.clock
