"""A week drawn as what can be booked in it, visit by visit."""

from collections.abc import Collection, Mapping
from datetime import time
from typing import Final

import pandas as pd
import streamlit as st

from dashboard.ui.chart_tools.vega_lite import (
    MUTED,
    Spec,
    mark,
    nominal,
    of_rows,
    quantitative,
)
from dashboard.ui.language import gettext as _, lowered
from dashboard.ui.language.chart_locale import in_language
from services.core.weekdays import WEEKDAYS

_ROW_HEIGHT: Final = 26
# The hours that are always drawn.
_EARLIEST: Final = 7
_LATEST: Final = 19
_HOUR: Final = 60
_ROOM: Final = 0.05
_CLOCK: Final = "(datum.value < 10 ? '0' : '') + datum.value + ':00'"


def show_drawn_week(
    visits: Mapping[str, list[tuple[time, time]]],
    minutes: int,
    closed: Collection[str],
) -> None:
    """Draw from when until when each visit of the days would last.

    The days are named as in `WEEKDAYS`, in the language of the page. A day without
    visits is marked as closed, or as too short for a visit.
    """
    drawn = pd.DataFrame(
        [
            {
                "Day": day,
                "begins": _hours(begins),
                "ends": _hours(ends),
                "Visit": f"{begins:%H:%M}-{ends:%H:%M}",
            }
            for day, times in visits.items()
            for begins, ends in times
        ],
        columns=["Day", "begins", "ends", "Visit"],
    )
    without = {
        day: _("Closed") if day in closed else _("Too short for a visit")
        for day, times in visits.items()
        if not times
    }
    st.vega_lite_chart(
        in_language(of_rows(drawn, {"layer": _layers(drawn, without)})),
        height=_ROW_HEIGHT * len(WEEKDAYS),
        alt=_("Bookable times, in visits of {minutes} minutes. {days}.").format(
            minutes=minutes, days=_in_words(visits, without)
        ),
    )


def _layers(drawn: pd.DataFrame, without: Mapping[str, str]) -> list[Spec]:
    """Return the visits as bars over the hours, and why a day has none."""
    days = nominal(
        "Day",
        title=None,
        scale={"domain": [_(day) for day in WEEKDAYS]},
        axis={"ticks": False, "domain": False, "labelOverlap": False},
    )
    begin = int(min([_EARLIEST, *drawn["begins"]]))
    end = -int(-max([_LATEST, *drawn["ends"]]) // 1)
    # The label of the last hour is below its line, not beyond the edge.
    room = (end - begin) * _ROOM
    hours = {"labelExpr": _CLOCK, "tickMinStep": 1, "labelFlush": True}
    bars: Spec = {
        # The gap separates one visit from the next.
        "mark": mark("bar", xOffset=0.5, x2Offset=-0.5, height={"band": 0.7}),
        "encoding": {
            "x": quantitative(
                "begins",
                title=None,
                scale={"domain": [begin, end + room], "nice": False},
                axis=hours,
            ),
            "x2": {"field": "ends"},
            "y": days,
            "tooltip": [
                nominal("Day", title=_("Day")),
                nominal("Visit", title=_("Visit")),
            ],
        },
    }
    words: Spec = {
        "data": {"values": [{"Day": d, "What": what} for d, what in without.items()]},
        "mark": mark("text", align="left", color=MUTED),
        "encoding": {
            "x": {"datum": begin + 0.1},
            "y": days,
            "text": nominal("What"),
        },
    }
    return [bars, words]


def _in_words(
    visits: Mapping[str, list[tuple[time, time]]], without: Mapping[str, str]
) -> str:
    return "; ".join(
        _("{day}: {count} visits, {first} to {last}").format(
            day=day,
            count=len(times),
            first=f"{times[0][0]:%H:%M}",
            last=f"{times[-1][1]:%H:%M}",
        )
        if times
        else f"{day}: {lowered(without[day])}"
        for day, times in visits.items()
    )


def _hours(clock: time) -> float:
    return clock.hour + clock.minute / _HOUR
