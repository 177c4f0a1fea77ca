"""The times that can be gone back to, as a chart in which one is chosen by dragging.

A dragged span is then shown alone, so that one second can be picked out of five weeks;
its end is the chosen time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from dashboard.context import CachedRead, current_actor, now, read_all
from dashboard.ui.chart_tools import chart_box
from dashboard.ui.chart_tools.vega_lite import Spec, mark, of_rows
from dashboard.ui.clock import off_axis, on_axis
from dashboard.ui.language import gettext as _, marked, ngettext
from dashboard.ui.language.chart_locale import in_language, time_format
from dashboard.ui.words import to_the_second
from services.backups import BackupState, drills, schema_changes
from services.backups.drills import RestoreDrill
from services.backups.schema_changes import MigrationRun
from services.cluster import monitoring
from services.cluster.monitoring import Event

_SPAN: Final = "previews_span"
_TURN: Final = "previews_span_turn"
_DRAGGED: Final = "dragged"
_ROW: Final = 34
_AXIS: Final = 96
_MOST_DRILLS: Final = 60
# The shortest span that is shown, in which a second is wide enough to be hit.
_LEAST: Final = 20_000.0
_LOG, _SETS, _DRILLS, _SERVERS, _MIGRATIONS = (
    marked("Any second"),
    marked("Backups"),
    marked("Drills"),
    marked("Servers"),
    marked("Migrations"),
)
_MIGRATION: Final = marked("Migration")
# While a comparison is awaited the panel is redrawn every other second.
_KEPT_SECONDS: Final = 20.0
_FULL, _INCREMENTAL = marked("Full backup"), marked("Incremental backup")
_PROVEN, _BROKEN = marked("Restore proven"), marked("Drill broken")
_FAILOVER, _SWITCHOVER = marked("Failover"), marked("Switchover")
_CHANGES: Final = {"failover": _FAILOVER, "switchover": _SWITCHOVER}
# Each has a shape of its own: none is recognised by its colour alone.
_SHAPES: Final = {
    _FULL: "square",
    _INCREMENTAL: "circle",
    _PROVEN: "triangle-up",
    _BROKEN: "cross",
    _FAILOVER: "diamond",
    _SWITCHOVER: "triangle-right",
    _MIGRATION: "triangle-down",
}
# Legible on both backgrounds.
_BAND: Final = "#2F9E73"
_SIGN: Final = "#7D8A94"
_CHOSEN: Final = "#D9534A"


@dataclass(frozen=True, slots=True)
class _Mark:
    """An event at a time, or a state until another time, in a row of the chart."""

    row: str
    what: str
    at: datetime
    until: datetime | None = None
    name: str = ""

    @property
    def words(self) -> str:
        """Its kind, with its name if it has one."""
        return f"{_(self.what)} {self.name}".rstrip()


def choose_time(state: BackupState, chosen: datetime | None) -> datetime | None:
    """Draw the reachable times and `chosen`; return the time that was dragged to.

    Raises the services' refusals.
    """
    windows = state.log.windows
    since, until = windows[0].since, max(now(), windows[-1].until)
    shown = st.session_state.get(_SPAN) or (on_axis(since), on_axis(until))
    happened = _read(since)
    marks = [*_of_backups(state), *happened.marks]
    turn = st.session_state.get(_TURN, 0)
    name = _("Times you can go back to")
    with chart_box(name, partial(_table, marks), key="previews_time_line"):
        event = st.vega_lite_chart(
            in_language(
                of_rows(pd.DataFrame(map(_sent, marks)), _spec(shown, marks, chosen))
            ),
            # A browser gives a chart with the same key the span that was dragged in it.
            key=f"previews_time_line_{turn}",
            height=_ROW * len(_rows(marks)) + _AXIS,
            alt=_described(state, marks),
            on_select="rerun",
            selection_mode=_DRAGGED,
        )
    st.caption(
        _(
            "Drag over the chart to zoom in on a stretch, down to the second. The end "
            "of the stretch is the time to compare with."
        )
    )
    _warn_of_migrations(happened.migrations, chosen)
    if st.session_state.get(_SPAN) and st.button(
        _("Show the whole time"), key="previews_whole", icon=":material/zoom_out_map:"
    ):
        _show(None)
        st.rerun()
    span = (event.get("selection") or {}).get(_DRAGGED, {}).get("at")
    if not span:
        return None
    begin, end = sorted(map(float, span))
    _show((min(begin, end - _LEAST), end))
    return min(off_axis(end).replace(microsecond=0), windows[-1].until)


def _show(span: tuple[float, float] | None) -> None:
    """Have the next run show a span of the axis, or all of it."""
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
    st.session_state[_SPAN] = span


def _of_backups(state: BackupState) -> Iterator[_Mark]:
    for window in state.log.windows:
        if window.has_log:
            yield _Mark(_LOG, _LOG, window.since, window.until)
    for each in state.sets:
        yield _Mark(_SETS, _FULL if each.is_full else _INCREMENTAL, each.as_of)


@dataclass(frozen=True, slots=True)
class _Happened:
    """The drills, events and migrations of the time that the backups cover."""

    drills: Sequence[RestoreDrill]
    events: Sequence[Event]
    migrations: Sequence[MigrationRun]

    @property
    def marks(self) -> Iterator[_Mark]:
        """Return a mark for each of them."""
        for drill in self.drills:
            if drill.ended_at is not None:
                what = _BROKEN if drill.proof is None else _PROVEN
                yield _Mark(_DRILLS, what, drill.ended_at)
        for event in self.events:
            if event.kind in _CHANGES:
                yield _Mark(_SERVERS, _CHANGES[event.kind], event.at)
        for run in self.migrations:
            yield _Mark(_MIGRATIONS, _MIGRATION, run.at, name=run.revision)


def _read(since: datetime) -> _Happened:
    """Read what happened since a time; cached for a short while."""
    actor, until = current_actor(), now()
    return _Happened(
        *read_all(
            CachedRead(
                lambda s: drills.list_drills(s, actor, _MOST_DRILLS),
                "time_line_drills",
                _KEPT_SECONDS,
            ),
            CachedRead(
                lambda s: monitoring.list_events(s, actor, since, until),
                ("time_line_events", since),
                _KEPT_SECONDS,
            ),
            CachedRead(
                lambda s: schema_changes.list_migration_runs(s, actor, since, until),
                ("time_line_migrations", since),
                _KEPT_SECONDS,
            ),
        )
    )


def _warn_of_migrations(
    migrations: Sequence[MigrationRun], chosen: datetime | None
) -> None:
    """Explain what happens to rows that are older than today's schema."""
    later = [run for run in migrations if chosen is not None and run.at > chosen]
    if not later:
        return
    words = ngettext(
        "A migration ran after that time ({migrations}). If you go back there, you "
        "get its rows as they were, and the same migration brings them up to date "
        "before the clinic opens: what it filled in then, it fills in from those rows.",
        "{count} migrations ran after that time ({migrations}). If you go back there, "
        "you get its rows as they were, and the same migrations bring them up to date "
        "before the clinic opens: what they filled in then, they fill in from those "
        "rows.",
        len(later),
    )
    named = ", ".join(f"{run.revision}, {to_the_second(run.at)}" for run in later[-3:])
    st.caption(words.format(count=len(later), migrations=named))


def _rows(marks: list[_Mark]) -> list[str]:
    there = {_LOG, *(mark.row for mark in marks)}
    every = (_LOG, _SETS, _DRILLS, _SERVERS, _MIGRATIONS)
    return [row for row in every if row in there]


def _sent(mark: _Mark) -> dict[str, object]:
    return {
        "row": _(mark.row),
        "what": _(mark.what),
        "name": mark.words,
        "at": on_axis(mark.at),
        "until": None if mark.until is None else on_axis(mark.until),
        "when": _when(mark),
    }


def _when(mark: _Mark) -> str:
    when = to_the_second(mark.at)
    return when if mark.until is None else f"{when} – {to_the_second(mark.until)}"


def _table(marks: list[_Mark]) -> pd.DataFrame:
    ordered = sorted(marks, key=lambda mark: mark.at, reverse=True)
    rows = [{_("At"): _when(mark), _("What"): mark.words} for mark in ordered]
    return pd.DataFrame(rows, columns=[_("At"), _("What")])


def _described(state: BackupState, marks: list[_Mark]) -> str:
    count = sum(mark.row is _SETS for mark in marks)
    words = ngettext("{count} backup is shown", "{count} backups are shown", count)
    window = state.log.window
    if window is None:
        return f"{words.format(count=count)}."
    return _("Any second from {since} to {until}; {backups}.").format(
        since=to_the_second(window.since),
        until=to_the_second(window.until),
        backups=words.format(count=count),
    )


def _spec(
    shown: tuple[float, float], marks: list[_Mark], chosen: datetime | None
) -> Spec:
    x: Spec = {
        "field": "at",
        "type": "temporal",
        "scale": {"type": "utc", "domain": list(shown)},
        "axis": {
            "title": None,
            "labelOverlap": "greedy",
            "tickCount": 6,
            "format": time_format(shown[1] - shown[0]),
        },
    }
    rows = [_(row) for row in _rows(marks)]
    y: Spec = {
        "field": "row",
        "type": "nominal",
        "scale": {"domain": rows},
        "axis": {"title": None, "labelLimit": 120, "ticks": False, "domain": False},
    }
    tooltip = [
        {"field": "name", "title": _("What")},
        {"field": "when", "title": _("At")},
    ]
    kinds = list(dict.fromkeys(mark.what for mark in marks if mark.until is None))
    shape: Spec = {
        "field": "what",
        "type": "nominal",
        "scale": {
            "domain": [_(kind) for kind in kinds],
            "range": [_SHAPES[kind] for kind in kinds],
        },
        "legend": {
            "orient": "bottom",
            "title": None,
            # On a phone, not even two fit side by side.
            "columns": {"expr": "width < 480 ? 1 : 3"},
            "symbolFillColor": _SIGN,
            "symbolOpacity": 1,
        },
    }
    drag: Spec = {
        "name": _DRAGGED,
        "select": {"type": "interval", "encodings": ["x"]},
    }
    band: Spec = {
        "params": [drag],
        "transform": [{"filter": "isValid(datum.until)"}],
        "mark": mark("bar", color=_BAND, height={"band": 0.6}, clip=True),
        "encoding": {"x": x, "x2": {"field": "until"}, "y": y, "tooltip": tooltip},
    }
    signs: Spec = {
        "transform": [{"filter": "!isValid(datum.until)"}],
        "mark": mark("point", filled=True, color=_SIGN, opacity=1, size=80, clip=True),
        "encoding": {"x": x, "y": y, "shape": shape, "tooltip": tooltip},
    }
    layers = [band, signs]
    if chosen is not None and shown[0] <= on_axis(chosen) <= shown[1]:
        layers.append(
            {
                "data": {"values": [{"at": on_axis(chosen)}]},
                "mark": mark("rule", color=_CHOSEN, strokeWidth=2, tooltip=None),
                "encoding": {"x": x},
            }
        )
    return {"layer": layers}
