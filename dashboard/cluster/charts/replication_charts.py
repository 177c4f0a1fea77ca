"""The charts of replication: lag, log and a strip for each replica, with events."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Final

import pandas as pd
import streamlit as st

from dashboard.cluster.charts import periods, series
from dashboard.cluster.charts.chart_layers import Mark, side_for
from dashboard.cluster.charts.earlier_period import (
    PeriodBefore,
    choose_comparison,
    line_under,
    rate_of,
    worst_of,
)
from dashboard.cluster.charts.heat_strip import STRIPS, show_heat_strip
from dashboard.cluster.charts.lag_charts import (
    MEASURES,
    Measure,
    show_lag_chart,
    show_wal_chart,
)
from dashboard.cluster.charts.periods import Shown
from dashboard.cluster.charts.series import Looks, Points
from dashboard.cluster.monitoring.observations import recent
from dashboard.context import CachedRead, current_actor, in_zone, read, read_all
from dashboard.ui import measures
from dashboard.ui.chart_tools import chart_box
from dashboard.ui.chart_tools.vega_lite import Spec
from dashboard.ui.clock import all_off_axis, on_axis, time_of_day
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import (
    current_language,
    day_and_month,
    gettext as _,
    lowered,
    marked,
    using_language,
)
from dashboard.ui.language.recorded_sentences import translate_all_recorded
from dashboard.ui.words import plain
from services.cluster import alerts, monitoring
from services.cluster.alerts import AlertKind
from services.cluster.monitoring import Event
from services.core.errors import Unavailable

_POINTS: Final = 480
_LAG: Final = {
    "at": marked("At"),
    "node": marked("Server"),
    "replay": marked("Replay s"),
    "replay_worst": marked("Replay s, worst"),
    "flush": marked("Flush s"),
    "write": marked("Write s"),
    "bytes": marked("Bytes"),
    "bytes_worst": marked("Bytes, worst"),
}
_WAL_RATE: Final = marked("WAL rate")
# The numbers shown below each chart.
_SHOWN_IN: Final = {
    marked("Replication lag"): _LAG,
    marked("Lag of each server"): {
        name: _LAG[name] for name in ("at", "node", "replay", "replay_worst")
    },
    _WAL_RATE: {
        "at": marked("At"),
        "node": marked("Primary"),
        "rate": marked("Bytes a second"),
    },
}
# A session caches an answer for slightly less than a step, so that the next step reads.
_KEPT_SHARE: Final = 0.9
_MEMORY_SECONDS: Final = 60.0
# The last look is some time ago, and the time shown goes back from there.
_EARLIER: Final = timedelta(seconds=30)


def show_charts() -> None:
    """Ask for a period and show it, redrawn as often as it changes."""
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"
    ):
        period = periods.choose_period()
        measure = _choose_measure()
        compared = choose_comparison(periods.shown(period))
    every = periods.shown(period).every_seconds

    @st.fragment(run_every=every)
    def draw() -> None:
        with error_boundary():
            _draw(periods.shown(period), measure, compared)

    draw()


def _choose_measure() -> Measure:
    return st.radio(
        _("Measure"),
        list(MEASURES),
        format_func=lambda measure: _(MEASURES[measure]),
        horizontal=True,
        key="replication_measure",
    )


def _draw(shown: Shown, measure: Measure, compared: PeriodBefore | None) -> None:
    points, events, note = _read_points(shown)
    if points.frame.empty:
        empty_state(
            _(
                "Nothing was recorded for this time. The worker keeps a sample "
                "every second."
            ),
            icon="monitoring",
        )
        return
    labels = translate_all_recorded(event.label for event in events)
    marks = [
        Mark(on_axis(event.at), event.kind, label)
        for event, label in zip(events, labels, strict=True)
        if event.at >= shown.since
    ]
    _show_zoom_tools(shown, dict(zip(events, labels, strict=True)))
    # A browser gives a chart with the same key the mark that it had.
    key = f"replication_{shown.period.name}_{periods.zooms()}"
    limit = _alert_seconds()
    window = replace(shown.window, side=side_for(points.frame["node"].unique()))
    lags, rates = _layers_under(shown, measure, compared)
    # The numbers of a live chart move every second, and are not offered.
    times = None if shown.is_live else cache(partial(_times_of, points))
    with _box("Replication lag", points, times):
        span = show_lag_chart(
            points,
            window,
            measure,
            marks,
            key=f"{key}_{measure}",
            alert_seconds=limit,
            under=lags,
        )
    if span is not None:
        periods.zoom_into(span)
        st.rerun()
    st.caption(" ".join(_explain(points, limit)))
    if compared is not None:
        _explain_comparison(compared.words, is_known=bool(lags or rates))
    st.caption(_("How far behind each server was, one strip per server."))
    step = (shown.until - shown.since).total_seconds() * 1000 / STRIPS
    with _box("Lag of each server", points, times):
        show_heat_strip(points, window, step, key=f"{key}_strip")
    st.caption(_("WAL that the primary writes, in bytes a second."))
    with _box(_WAL_RATE, points, times):
        show_wal_chart(points, window, key=f"{key}_wal", under=rates)
    st.caption(note)


def _layers_under(
    shown: Shown, measure: Measure, compared: PeriodBefore | None
) -> tuple[Sequence[Spec], Sequence[Spec]]:
    """Return the lines of the earlier period: under the lags, and under the log."""
    if compared is None:
        return (), ()
    try:
        (points,) = read_all(_samples(shown, compared.earlier))
    except Unavailable:
        return (), ()
    words, form = compared.words, ",.0f" if measure == "bytes" else ",.2f"
    lags = worst_of(points, measure, compared.earlier)
    rates = rate_of(points, compared.earlier)
    return (
        line_under(lags, shown.window, words, form),
        line_under(rates, shown.window, words, ",.0f"),
    )


def _explain_comparison(words: str, *, is_known: bool) -> None:
    if is_known:
        st.caption(
            _(
                "Dotted: {period}, of all replicas the one that was furthest behind."
            ).format(period=lowered(words))
        )
    else:
        st.caption(
            _("{period}: nothing was recorded for that time.").format(period=words)
        )


def _alert_seconds() -> float | None:
    """Return from how many seconds of lag an alert begins; None if none does."""
    actor = current_actor()
    try:
        rules = read(
            lambda session: alerts.list_rules(session, actor),
            keep="replication_rules",
            seconds=_MEMORY_SECONDS,
        )
    except Unavailable:
        return None
    lag = (rule for rule in rules if rule.kind is AlertKind.LAG and rule.is_active)
    return next((rule.threshold for rule in lag), None)


def _explain(points: Points, limit: float | None) -> Iterator[str]:
    """Yield where the alert begins, and why a server's line has a gap, as sentences."""
    if limit is not None:
        begins = _("An alert begins at a lag of {span}.")
        yield begins.format(span=measures.seconds(limit))
    for node, first, last in series.led_meanwhile(points):
        yield _(
            "{server} has a gap from {since} to {until}: it was the primary, which is "
            "behind nobody."
        ).format(server=plain(node), since=_when(first), until=_when(last))


def _when(local: datetime, *, has_seconds: bool = False) -> str:
    return f"{day_and_month(local)} {time_of_day(local, has_seconds=has_seconds)}"


def _times_of(points: Points) -> Mapping[float, str]:
    """Return each time of the points on the reader's clock, as text."""
    places = points.frame["at"].unique().tolist()
    return {
        place: timestamp.isoformat()
        for place, timestamp in zip(places, all_off_axis(places), strict=True)
    }


def _box(
    name: str, points: Points, times: Callable[[], Mapping[float, str]] | None
) -> AbstractContextManager[None]:
    """Offer a chart's numbers with their times below it; nothing if `times` is None."""
    if times is None:
        return nullcontext()
    key = f"replication_{name.lower().replace(' ', '_')}"
    return chart_box(_(name), lambda: _numbers_of(name, points, times()), key=key)


def _numbers_of(name: str, points: Points, times: Mapping[float, str]) -> pd.DataFrame:
    frame = points.frame
    is_primary = frame["role"] == "primary"
    rows = frame[is_primary if name == _WAL_RATE else ~is_primary]
    titles = {column: _(title) for column, title in _SHOWN_IN[name].items()}
    numbers = rows.assign(at=rows["at"].map(times))[list(titles)]
    return numbers.rename(columns=titles)


def _read_points(shown: Shown) -> tuple[Points, Sequence[Event], str]:
    """Return points, events and their source.

    Live points come from this server's memory, without a database query.
    """
    looks = _looks(shown)
    remembered = series.NOTHING if looks is None else series.of_looks(looks)
    is_whole = (
        shown.is_live
        and looks is not None
        and series.is_whole(looks, shown.period.length)
    )
    try:
        if is_whole:
            (events,) = read_all(_events(shown))
            kept = series.NOTHING
        else:
            kept, events = read_all(_samples(shown), _events(shown))
    except Unavailable:
        note = _(
            "No database server is responding: this is the last state that this "
            "web server saw."
        )
        return remembered, (), note
    if shown.is_live:
        points = series.filled(remembered, kept)
        seen = _("As seen by this web server, {times}.")
        return points, events, seen.format(times=shown.words)
    if not shown.is_zoomed:
        kept = series.joined(kept, remembered)
    return kept, events, _("Samples {times}.").format(times=shown.words)


def _looks(shown: Shown) -> Looks | None:
    """Return the looks this server remembers; a live chart's are the same for all."""
    if not shown.is_live:
        return Looks.of(recent(shown.since))
    looks = Looks.of(recent(shown.since - _EARLIER))
    return looks and looks.in_the_last(shown.period.length)


def _events(shown: Shown) -> CachedRead[Sequence[Event]]:
    actor = current_actor()
    return CachedRead(
        lambda session: monitoring.list_events(
            session, actor, shown.since, shown.until
        ),
        ("replication_events", _name(shown)),
        _kept_seconds(shown),
    )


def _samples(shown: Shown, earlier: timedelta = timedelta()) -> CachedRead[Points]:
    """Return the kept samples; for a live chart those before this server's memory."""
    actor = current_actor()
    return CachedRead(
        lambda session: series.of_samples(
            monitoring.read_samples(
                session,
                actor,
                shown.since - earlier,
                shown.until - earlier,
                points=_POINTS,
            )
        ),
        ("replication_samples", _name(shown), earlier),
        _MEMORY_SECONDS if shown.is_live else _kept_seconds(shown),
    )


def _name(shown: Shown) -> Hashable:
    return shown.period.name, shown.is_zoomed and (shown.since, shown.until)


def _kept_seconds(shown: Shown) -> float:
    return max(5.0, shown.period.every_seconds) * _KEPT_SHARE


def _show_zoom_tools(shown: Shown, labels: Mapping[Event, str]) -> None:
    """Offer what a mouse does on the chart to people without one."""
    if shown.is_live:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if shown.is_zoomed:
            if st.button(
                _("Show all of it"),
                key="replication_zoom_out",
                icon=":material/zoom_out:",
            ):
                periods.zoom_out()
                st.rerun()
            return
        # A month has hundreds of events: looking up the page's language and the
        # reader's zone for each takes longer than drawing them.
        with using_language(current_language()):
            zone = in_zone(datetime.now(UTC)).tzinfo
            options = {
                event: f"{_when(event.at.astimezone(zone), has_seconds=True)} {label}"
                for event, label in labels.items()
            }
        chosen = st.selectbox(
            _("Go to what happened"),
            list(options),
            index=None,
            format_func=options.__getitem__,
            placeholder=_("Drag on the chart to zoom, or choose an event"),
            key="replication_event",
            disabled=not options,
        )
        if chosen is not None:
            periods.zoom_around(chosen.at)
            st.rerun()
