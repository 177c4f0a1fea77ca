"""Times on the clinic's clock, and beside them on the viewer's own."""

from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from dashboard.ui.clock import in_zone, midnight, time_of_day, today, with_season, zone
from dashboard.ui.language import day_heading, day_in_full, gettext as _, short_weekday

DAYS_OF_WEEK: Final = 7
_WEEKS_AHEAD: Final = 26


def week_of(day: date) -> date:
    """Return the Monday of the day's week."""
    return day - timedelta(days=day.weekday())


def weeks_ahead() -> list[date]:
    """Return the Mondays of this week and of the half year after it."""
    first = week_of(today())
    return [first + timedelta(weeks=number) for number in range(_WEEKS_AHEAD)]


def span(first: date, days: int) -> tuple[datetime, datetime]:
    """Return when these days begin and end: some have 23 hours, some 25."""
    return midnight(first), midnight(first + timedelta(days=days))


def clock(timestamp: datetime) -> str:
    """Return the time of day on the clinic's clock."""
    local = in_zone(timestamp)
    return with_season(local, time_of_day(local))


def time_line(timestamp: datetime) -> tuple[str, int]:
    """Return by what times are sorted; where a clock is set back, the second is later.

    Not as they are written: 10:00 AM would come before 9:00 AM.
    """
    local = in_zone(timestamp)
    return f"{local:%H:%M}", local.fold


def from_to(begins: str, ends: str) -> str:
    """Return both ends of a stretch of time as text."""
    return _("{begins} to {ends}").format(begins=begins, ends=ends)


def viewers_time(timestamp: datetime) -> str:
    """Return the time on the viewer's own clock; empty if it is the same there.

    The weekday is included if it is another one there.
    """
    own = in_viewers_zone(timestamp)
    if own is None:
        return ""
    other_day = own.date() != in_zone(timestamp).date()
    time = time_of_day(own)
    return f"{short_weekday(own)} {time}" if other_day else time


def when(timestamp: datetime) -> str:
    """Return day and time in full: Monday 23 November 2026, 10:20."""
    local = in_zone(timestamp)
    own = viewers_time(timestamp)
    return f"{day_in_full(local.date())}, {clock(timestamp)}" + (
        _(" ({own} on your clock)").format(own=own) if own else ""
    )


def shortly(timestamp: datetime) -> str:
    """Return day and time as on a button: Mon 23 Nov, 10:20."""
    own = viewers_time(timestamp)
    return f"{day_heading(in_zone(timestamp).date())}, {clock(timestamp)}" + (
        _(" (yours {own})").format(own=own) if own else ""
    )


def in_viewers_zone(timestamp: datetime) -> datetime | None:
    """Return the time in the viewer's zone; None if their clock shows the same."""
    theirs = _viewers_zone()
    if theirs is None:
        return None
    own = timestamp.astimezone(theirs)
    return None if own.utcoffset() == in_zone(timestamp).utcoffset() else own


def about_clocks(timestamp: datetime) -> str:
    """Return whose clock the times are on, and the viewer's if it differs."""
    sentence = _("Times in clinic time ({zone})").format(zone=zone().key)
    if in_viewers_zone(timestamp) is not None and (theirs := _viewers_zone()):
        sentence += _("; yours in grey ({zone})").format(zone=theirs.key)
    return f"{sentence}."


def _viewers_zone() -> ZoneInfo | None:
    name = st.context.timezone
    try:
        return ZoneInfo(name) if isinstance(name, str) else None
    except (ZoneInfoNotFoundError, ValueError):
        # A browser may use a name that this server does not know.
        return None
