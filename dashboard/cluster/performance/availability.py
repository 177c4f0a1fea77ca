"""How long the clinic was available, day by day, why not, and the budget left."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from dashboard import wiring
from dashboard.cluster.monitoring.observations import current_snapshot
from dashboard.context import (
    CachedRead,
    current_actor,
    freshness,
    in_zone,
    now,
    read_all,
)
from dashboard.ui.chart_tools import chart_box
from dashboard.ui.chart_tools.vega_lite import of_rows
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import (
    decimal,
    gettext as _,
    lowered,
    marked,
    percent,
    short_date,
    short_weekday,
)
from dashboard.ui.language.chart_locale import day_and_month_format, in_language
from dashboard.ui.language.recorded_sentences import translate_recorded
from dashboard.ui.measures import seconds
from dashboard.ui.record_table import Cell, Column, Row, record_table
from services.cluster.monitoring import Event, list_events
from services.cluster.performance import (
    AvailabilityDay,
    AvailabilityReport,
    read_availability,
)

_PERIODS: Final = {marked("30 days"): 30, marked("90 days"): 90}
# Two of them fit side by side on a phone.
_TILE_WIDTH: Final = 165
# Most of it is for the days below and for the legend.
_CHART_HEIGHT: Final = 190
_KEEP_SECONDS: Final = 30.0
# Less than this share of a day is too little to judge it.
_ENOUGH: Final = 0.5
_ALL, _WITHIN, _BELOW, _UNKNOWN = (
    marked("Available all day"),
    marked("Within the objective"),
    marked("Below the objective"),
    marked("Mostly not known"),
)
# Legible on both themes; the table below has the same as text.
_TONES: Final = {
    _ALL: "#2F9E73",
    _WITHIN: "#C77700",
    _BELOW: "#C2382E",
    _UNKNOWN: "#6B7883",
}
_COLUMNS: Final = (
    Column(marked("Day"), is_whole=True),
    Column(marked("Available"), is_whole=True),
    Column(marked("Downtime"), is_whole=True),
    Column(marked("Not known"), is_whole=True),
    Column(marked("Why")),
)
# Events that made the clinic unavailable by themselves; alerts and drills cover others,
# too.
_REASONS: Final = {"switchover", "failover", "restart", "rejoin", "reinit", "drill"}


def show_availability() -> None:
    """Show the last 30 or 90 days."""
    with error_boundary():
        current_snapshot()
        period = st.radio(
            _("Period"),
            list(_PERIODS),
            format_func=_,
            horizontal=True,
            key="availability_period",
        )
        report, events = _read(_PERIODS[period])
        _show_budget(report)
        if report.availability is None:
            empty_state(
                _(
                    "Nothing has been counted yet. The worker counts while it runs: "
                    "look again in a few minutes."
                ),
                icon="event_available",
            )
            return
        _show_days(report)
        _show_table(report, events)
        st.caption(f"{_what_is_counted()}  \n{freshness()}")


def _read(days: int) -> tuple[AvailabilityReport, tuple[Event, ...]]:
    actor, at = current_actor(), now()
    settings = wiring.current().settings
    both: tuple[AvailabilityReport, tuple[Event, ...]]
    both = read_all(
        CachedRead(
            lambda session: read_availability(
                session,
                actor,
                days=days,
                now=at,
                zone=ZoneInfo(settings.timezone),
                objective=settings.availability_objective / 100,
            ),
            f"availability_{days}",
            _KEEP_SECONDS,
        ),
        CachedRead(
            lambda session: list_events(session, actor, at - timedelta(days=days), at),
            f"availability_events_{days}",
            _KEEP_SECONDS,
        ),
    )
    return both


def _show_budget(report: AvailabilityReport) -> None:
    availability, left = report.availability, report.left_seconds
    spent = report.counted.down
    with st.container(horizontal=True):
        st.metric(
            _("Available"),
            _("not known") if availability is None else availability_text(availability),
            help=_("Of the time that was counted."),
            border=True,
            width=_TILE_WIDTH,
        )
        st.metric(
            _("Objective"),
            availability_text(report.objective),
            help=_(
                "CHARTROOM_AVAILABILITY_OBJECTIVE. In this many days, it allows {span} "
                "of downtime."
            ).format(span=minutes(report.budget_seconds)),
            border=True,
            width=_TILE_WIDTH,
        )
        st.metric(
            _("Budget left") if left >= 0 else _("Budget overspent"),
            minutes(abs(left)),
            help=_(
                "How much more downtime this period allows: {spent} of {whole} are "
                "spent."
            ).format(spent=minutes(spent), whole=minutes(report.budget_seconds)),
            border=True,
            width=_TILE_WIDTH,
        )
        st.metric(
            _("Not known"),
            seconds(report.unknown_seconds),
            help=_(
                "No worker ran, so nobody counted. This time is neither available nor "
                "downtime."
            ),
            border=True,
            width=_TILE_WIDTH,
        )
    if left < 0:
        st.error(
            _(
                "The objective is missed. Postpone risky changes until it is met "
                "again, and see below what caused the downtime."
            ),
            icon=":material/local_fire_department:",
        )


def _show_days(report: AvailabilityReport) -> None:
    frame = pd.DataFrame(
        [
            {
                "day": day.day.isoformat(),
                "how": _(how_was(day, report.objective)),
                "available": _share_of(day),
                "away": seconds(day.counted.down),
            }
            for day in report.days
        ]
    )
    counts = frame["how"].value_counts()
    summary = ", ".join(
        f"{lowered(str(how))}: {count}" for how, count in counts.items()
    )
    titles = {
        "day": _("Day"),
        "how": _("Status"),
        "available": _("Available"),
        "away": _("Downtime"),
    }
    with chart_box(
        _("Availability by day"),
        lambda: frame.rename(columns=titles),
        key="availability_days",
    ):
        alt = _("Days of the period: {days}.").format(days=summary)
        st.vega_lite_chart(
            in_language(of_rows(frame, _squares(titles))),
            key="availability_days",
            height=_CHART_HEIGHT,
            alt=alt,
        )


def _squares(titles: Mapping[str, str]) -> dict[str, Any]:
    """Return the chart of the days, each in the colour of its status."""
    return {
        "mark": {"type": "rect", "tooltip": True},
        "encoding": {
            "x": {
                "field": "day",
                "type": "ordinal",
                "scale": {"paddingInner": 0.15},
                "axis": {
                    "title": None,
                    "labelExpr": (
                        f"utcFormat(toDate(datum.value), '{day_and_month_format()}')"
                    ),
                    "labelOverlap": True,
                    "labelAngle": 0,
                    "ticks": False,
                    "domain": False,
                },
            },
            "color": {
                "field": "how",
                "type": "nominal",
                "scale": {
                    "domain": [_(how) for how in _TONES],
                    "range": list(_TONES.values()),
                },
                "legend": {"orient": "bottom", "title": None, "columns": 2},
            },
            "tooltip": [
                {"field": field, "title": title} for field, title in titles.items()
            ],
        },
    }


def _show_table(report: AvailabilityReport, events: Sequence[Event]) -> None:
    troubled = [day for day in reversed(report.days) if day.counted.down]
    if not troubled:
        empty_state(
            _("The clinic was available for all of the time that was counted."),
            icon="verified",
        )
        return
    by_day = _by_day(events)
    rows = [
        Row(
            day.day.isoformat(),
            (
                Cell(f"{short_weekday(day.day)} {short_date(day.day)}"),
                Cell(_share_of(day)),
                Cell(seconds(day.counted.down)),
                Cell(seconds(max(0.0, day.seconds - day.known_seconds))),
                Cell("; ".join(_reasons(day, by_day.get(day.day, ())))),
            ),
        )
        for day in troubled
    ]
    record_table(_COLUMNS, rows, name=_("Days with downtime"), key="availability_table")


def how_was(day: AvailabilityDay, objective: float) -> str:
    """Return how a day was, as text; too little known time is not judged."""
    availability = day.availability
    if availability is None or day.known_seconds < _ENOUGH * day.seconds:
        return _UNKNOWN
    if availability == 1:
        return _ALL
    return _WITHIN if availability >= objective else _BELOW


def availability_text(share: float) -> str:
    """Return a share with the significant digits; 100 % only if it is exact."""
    shown = share if share == 1 else min(share, 0.99999)
    return percent(shown, most_places=3)


def minutes(span: float) -> str:
    """Return a span in minutes, as error budgets are stated."""
    return f"{decimal(span / 60, 1)} min"


def _share_of(day: AvailabilityDay) -> str:
    return (
        _("not known")
        if day.availability is None
        else availability_text(day.availability)
    )


def _by_day(events: Sequence[Event]) -> Mapping[date, list[str]]:
    by_day: dict[date, list[str]] = {}
    for event in events:
        if event.kind in _REASONS:
            label = translate_recorded(event.label)
            by_day.setdefault(in_zone(event.at).date(), []).append(label)
    return by_day


def _reasons(day: AvailabilityDay, events: Sequence[str]) -> Iterator[str]:
    yield from events
    if day.counted.web_down:
        span = seconds(day.counted.web_down)
        yield _("no web server answered for {span}").format(span=span)
    if day.counted.database_down:
        span = seconds(day.counted.database_down)
        yield _("no changes were taken for {span}").format(span=span)


def _what_is_counted() -> str:
    if wiring.current().settings.health_addresses:
        return _("Counted: web servers and database.")
    return _(
        "Counted: the database only, since CHARTROOM_HEALTH_URLS does not say where "
        "the web servers are."
    )
