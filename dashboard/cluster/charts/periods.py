"""The time that charts show: live, or back to an hour, a day, a month.

A zoomed span is in the page's address, so the same address shows it to others.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import streamlit as st

from dashboard.cluster.charts.chart_layers import Window
from dashboard.context import in_zone, now
from dashboard.ui.clock import off_axis, on_axis, time_of_day
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.words import to_the_second

# Parameters of the address: both times in UTC, as ISO 8601.
_SINCE: Final = "since"
_UNTIL: Final = "until"
_COUNT: Final = "replication_zooms"
_LEAST: Final = timedelta(seconds=10)
_AROUND: Final = timedelta(minutes=5)
LIVE: Final = marked("Live")


@dataclass(frozen=True, slots=True)
class Period:
    """How far back a chart goes, and how often it is redrawn."""

    name: str
    length: timedelta
    every_seconds: float


PERIODS: Final = (
    Period(LIVE, timedelta(minutes=5), 1),
    Period(marked("1 hour"), timedelta(hours=1), 10),
    Period(marked("24 hours"), timedelta(days=1), 60),
    Period(marked("30 days"), timedelta(days=30), 300),
)

_LONGEST: Final = max(period.length for period in PERIODS)
# Samples are kept for weeks; beyond this, date arithmetic could run out of range.
_FARTHEST: Final = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Shown:
    """The time to be shown, and whether somebody has zoomed into it."""

    period: Period
    since: datetime
    until: datetime
    is_zoomed: bool = False

    @property
    def is_live(self) -> bool:
        """Whether the period moves along with the clock."""
        return self.period.name == LIVE

    @property
    def every_seconds(self) -> float | None:
        """How often the chart is redrawn; a zoomed chart stands still."""
        return None if self.is_zoomed else self.period.every_seconds

    @property
    def window(self) -> Window:
        """Return this time for the charts' axis."""
        return Window(on_axis(self.since), on_axis(self.until), self.is_live)

    @property
    def words(self) -> str:
        """Return the time that the chart shows, as text."""
        if self.is_zoomed:
            return _("{since} to {until}").format(
                since=to_the_second(self.since), until=to_the_second(self.until)
            )
        time = time_of_day(in_zone(self.until), has_seconds=True)
        return _("until {time}").format(time=time)


def choose_period() -> Period:
    """Ask how far back to go."""
    names = [period.name for period in PERIODS]
    chosen = st.radio(
        _("Period"),
        names,
        format_func=_,
        horizontal=True,
        key="replication_period",
        bind="query-params",
        on_change=zoom_out,
    )
    return PERIODS[names.index(chosen)]


def shown(period: Period) -> Shown:
    """Return the time to be shown right now."""
    zoomed = _zoomed()
    if zoomed is not None and period.name != LIVE:
        return Shown(period, *zoomed, is_zoomed=True)
    # Whole steps, so that an answer can be cached until the next step.
    step = max(1.0, period.every_seconds)
    timestamp = now()
    until = timestamp.timestamp() // step * step + step
    ends = datetime.fromtimestamp(until, timestamp.tzinfo)
    return Shown(period, ends - period.length, ends)


def zoom_into(span: tuple[float, float]) -> None:
    """Show the span that was marked on a chart from now on."""
    since, until = (off_axis(x) for x in sorted(span))
    if until - since < _LEAST:
        since, until = since - _LEAST / 2, until + _LEAST / 2
    _zoom(since, until)
    st.session_state[_COUNT] = zooms() + 1


def zooms() -> int:
    """Return how often a span was marked, for a chart that forgets the mark."""
    count: int = st.session_state.get(_COUNT, 0)
    return count


def zoom_around(timestamp: datetime) -> None:
    """Show the minutes around a time from now on."""
    _zoom(timestamp - _AROUND, timestamp + _AROUND)


def zoom_out() -> None:
    """Show the whole period again."""
    for name in (_SINCE, _UNTIL):
        st.query_params.pop(name, None)


def _zoom(since: datetime, until: datetime) -> None:
    st.query_params[_SINCE] = _in_address(since)
    st.query_params[_UNTIL] = _in_address(until)


def _in_address(timestamp: datetime) -> str:
    return timestamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _zoomed() -> tuple[datetime, datetime] | None:
    """Return the span in the address; None without one that can be shown."""
    try:
        since = datetime.fromisoformat(st.query_params[_SINCE])
        until = datetime.fromisoformat(st.query_params[_UNTIL])
    except (KeyError, ValueError):
        return None
    if since.tzinfo is None or until.tzinfo is None:
        return None
    is_span = timedelta() < until - since <= _LONGEST
    return (since, until) if is_span and abs(now() - since) < _FARTHEST else None
