"""A crowd's waiting times, minute by minute, and how soon they recover from events."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.crowd.hour.clinic import Held
from benchmarks.crowd.journal import RUNS, Journal, Kind, Wait
from benchmarks.crowd.latency_axis import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    LatencyAxis,
    below,
    legend,
    tick,
)
from benchmarks.svg import picture, text

DRAWN: Final[tuple[Kind, ...]] = ("open", "rerun", "click")
_EVENT: Final = "#9ca3af"
_LINE: Final = 16
_MINUTE: Final = 60.0
_WINDOW_SECONDS: Final = 5.0
_QUIET_WINDOWS: Final = 3
# Recovered: at most half as long again as in the minute before, or this much.
_SLOWER: Final = 1.5
_UNNOTICED_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Event:
    """An event in the clinic, on the clock of `perf_counter`."""

    name: str
    at: float
    took_seconds: float


@dataclass(frozen=True, slots=True)
class Minute:
    """The notes of one minute of work, and what the processes held at its end."""

    number: int
    journal: Journal
    held: Held
    busy_cores: float

    def line(self) -> str:
        """Return it as one line."""
        waits = ", ".join(
            f"{kind} {1000 * self.journal.within(95, kind):,.0f}" for kind in DRAWN
        )
        return (
            f"minute {self.number}: 95 % within, ms: {waits}; "
            f"{self.journal.count(*RUNS) / _MINUTE:.1f} runs/s, "
            f"{self.busy_cores:.2f} cores, {self.held.line()}, "
            f"{self.journal.errors.total()} errors"
        )


def seconds_until_as_before(event: Event, waits: Sequence[Wait]) -> float | None:
    """Return for how long after an event people waited longer than just before it.

    Just before is the minute before it. None if they did until the end.
    """
    before = _within(waits, event.at - _MINUTE, event.at)
    most = max(_SLOWER * before, before + _UNNOTICED_SECONDS)
    last = max(wait.ended_at for wait in waits)
    quiet = 0
    for window in range(int((last - event.at) // _WINDOW_SECONDS)):
        begins = event.at + window * _WINDOW_SECONDS
        slow = _within(waits, begins, begins + _WINDOW_SECONDS) > most
        quiet = 0 if slow else quiet + 1
        if quiet == _QUIET_WINDOWS:
            return (window + 1 - _QUIET_WINDOWS) * _WINDOW_SECONDS
    return None


def _within(waits: Sequence[Wait], since: float, until: float) -> float:
    """Return the seconds within which 95 % of what began then was answered."""
    seconds = [
        wait.seconds
        for wait in waits
        if wait.kind in DRAWN and since <= wait.began_at < until
    ]
    return float(np.percentile(seconds, 95)) if seconds else 0.0


def draw(
    title: str, minutes: Sequence[Minute], events: Sequence[tuple[str, float]]
) -> str:
    """Return a picture of the minutes, with the events by minutes since the start."""
    last = max(minute.number for minute in minutes)
    curves = {kind: _curve(minutes, kind, last) for kind in DRAWN}
    axis = LatencyAxis(max(ms for curve in curves.values() for _, ms in curve))
    step = max(1, last // 6)
    parts = [
        text(LEFT, 46, "95 % within, ms"),
        *axis.grid(),
        *(tick(_x(minute, last), str(minute)) for minute in range(0, last + 1, step)),
        below("minutes"),
    ]
    for row, (name, minute) in enumerate(events):
        x = _x(minute, last)
        parts.append(f'<path d="M{x:.1f} {TOP}V{BOTTOM}" stroke="{_EVENT}"/>')
        # A line each, because they may be minutes apart.
        parts.append(text(x - 4, TOP + 8 + _LINE * row, name, anchor="end"))
    for place, (kind, curve) in enumerate(curves.items()):
        parts += axis.curve(place, curve)
        parts += legend(place, kind)
    return picture(title, HEIGHT, LEFT, parts)


def _curve(
    minutes: Sequence[Minute], kind: Kind, last: int
) -> list[tuple[float, float]]:
    """Return the curve's points, without minutes in which nobody waited for it."""
    return [
        (_x(minute.number, last), 1000 * minute.journal.within(95, kind))
        for minute in minutes
        if minute.journal.count(kind)
    ]


def _x(minute: float, last: int) -> float:
    return LEFT + minute / last * (RIGHT - LEFT)
