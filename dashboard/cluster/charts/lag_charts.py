"""How far replicas are and were behind, as charts that can be zoomed into."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, Literal

import pandas as pd
import pyarrow as pa
import streamlit as st

from dashboard.cluster.charts.chart_layers import (
    AREA,
    LEGEND,
    LINE,
    Mark,
    Window,
    event_layers,
    threshold,
    when,
)
from dashboard.cluster.charts.series import SHARED, Points, as_sent, with_breaks
from dashboard.ui.chart_tools.vega_lite import Spec
from dashboard.ui.language import current_language, gettext as _, marked
from dashboard.ui.language.chart_locale import bytes_on_axis, in_language
from dashboard.ui.measures import amount, seconds

Measure = Literal["replay", "flush", "write", "bytes"]

MEASURES: Final[Mapping[Measure, str]] = {
    "replay": "Replay",
    "flush": "Flush",
    "write": "Write",
    "bytes": "Bytes",
}
_ABOUT: Final[Mapping[Measure, str]] = {
    "replay": marked("Seconds until readers see a change"),
    "flush": marked("Seconds until a change is on a replica's disk"),
    "write": marked("Seconds until a change has reached a replica"),
    "bytes": marked("Bytes of log that a replica has not replayed"),
}
_WORST: Final[Mapping[Measure, str]] = {
    "replay": "replay_worst",
    "flush": "flush",
    "write": "write",
    "bytes": "bytes_worst",
}
_HEIGHT: Final = 260
_LOW: Final = 130
_SECONDS_AXIS: Final[Spec] = {"title": None, "labelExpr": "datum.label + ' s'"}
_BYTES_AXIS: Final[Spec] = {"title": None, "labelExpr": bytes_on_axis()}
_RATE_AXIS: Final[Spec] = {
    "title": None,
    "labelExpr": bytes_on_axis("/s"),
    "tickCount": 4,
}
# The axis ends with the data, but not below values that nobody notices.
_LEAST: Final[Mapping[Measure, float]] = {
    "replay": 0.02,
    "flush": 0.02,
    "write": 0.02,
    "bytes": 10_000,
}
# An alert's line is drawn only once the data come this close, or it would flatten them.
_NEAR: Final = 0.25


def show_lag_chart(
    points: Points,
    window: Window,
    measure: Measure,
    marks: Sequence[Mark],
    *,
    key: str,
    alert_seconds: float | None,
    under: Sequence[Spec],
) -> tuple[float, float] | None:
    """Show how far each replica is behind; return the span that was drawn on it.

    A live chart moves along, and returns nothing. `alert_seconds` is the lag at which
    an alert begins; `under` are layers of another period.
    """
    shown, peaks = _lags(points, measure, current_language())
    is_near = (
        alert_seconds is not None
        and measure != "bytes"
        and _most(points, measure) >= _NEAR * alert_seconds
    )
    spec: Spec = {
        "layer": [
            _band(window),
            *under,
            _lines(window, measure),
            *event_layers(window, marks),
            *(
                threshold(alert_seconds, _("Alert"))
                if is_near and alert_seconds
                else ()
            ),
            # Idle replicas are at 0, which alone would give no axis.
            window.ends({"axis": _y_axis(window, measure)}, least=_LEAST[measure]),
        ],
        "resolve": {"scale": {"shape": "independent"}},
    }
    description = f"{_(_ABOUT[measure])}. {peaks}"
    if window.is_live:
        st.vega_lite_chart(
            shown,
            in_language(spec),
            key=key,
            height=_HEIGHT,
            alt=description,
        )
        return None
    event = st.vega_lite_chart(
        shown,
        in_language(spec),
        key=key,
        height=_HEIGHT,
        alt=description,
        on_select="rerun",
        selection_mode="zoom",
    )
    span = (event.get("selection") or {}).get("zoom", {}).get("at")
    return (float(span[0]), float(span[1])) if span else None


def show_wal_chart(
    points: Points, window: Window, *, key: str, under: Sequence[Spec]
) -> None:
    """Show how fast the primary writes its log, over layers of another period."""
    shown, peak = _rates(points, current_language())
    encoding: Spec = {
        "x": window.axis,
        "y": {
            "field": "rate",
            "type": "quantitative",
            "stack": None,
            "axis": _RATE_AXIS | window.beside,
        },
        "tooltip": [
            {"field": "when", "title": _("At")},
            {"field": "node", "title": _("Primary")},
            {"field": "rate", "title": _("Bytes a second"), "format": ",.0f"},
        ],
    }
    spec: Spec = {
        "transform": [when()],
        "layer": [
            {"mark": AREA | {"opacity": 0.25}, "encoding": encoding},
            *under,
            {"mark": LINE | {"strokeWidth": 1.5}, "encoding": encoding},
            window.ends(),
        ],
    }
    st.vega_lite_chart(
        shown,
        in_language(spec),
        key=key,
        height=_LOW,
        alt=_("WAL that the primary writes, in bytes.") + peak,
    )


@lru_cache(maxsize=SHARED)
def _lags(points: Points, measure: Measure, _language: str) -> tuple[pa.Table, str]:
    """Return the lags of replicas, and the largest of each as text."""
    lines = points.frame[points.frame["role"] != "primary"]
    shown = lines[["at", "node"]].assign(
        mean=lines[measure], worst=lines[_WORST[measure]]
    )
    return as_sent(with_breaks(shown, by="node")), _peaks(shown, measure)


@lru_cache(maxsize=SHARED)
def _most(points: Points, measure: Measure) -> float:
    """Return the largest lag of any replica."""
    lines = points.frame.loc[points.frame["role"] != "primary", _WORST[measure]]
    most = pd.to_numeric(lines).max()
    return 0.0 if pd.isna(most) else float(most)


@lru_cache(maxsize=SHARED)
def _rates(points: Points, _language: str) -> tuple[pa.Table, str]:
    """Return how fast the primary writes its log, and the fastest of it as text."""
    frame = points.frame
    shown = frame.loc[frame["role"] == "primary", ["at", "node", "rate"]]
    most = shown["rate"].max() if len(shown) else None
    if most is None or pd.isna(most):
        return as_sent(shown), ""
    peak = _("At most {size} a second.").format(size=amount(most))
    return as_sent(with_breaks(shown)), f" {peak}"


def _band(window: Window) -> Spec:
    """Return the area between mean and worst of each span that was thinned out."""
    return {
        "mark": AREA | {"opacity": 0.18, "tooltip": None},
        "encoding": {
            "x": window.axis,
            "y": {"field": "mean", "type": "quantitative"},
            "y2": {"field": "worst"},
            "color": {"field": "node", "type": "nominal", "legend": LEGEND},
        },
    }


def _lines(window: Window, measure: Measure) -> Spec:
    how = ",.0f" if measure == "bytes" else ",.2f"
    select: Spec = {"type": "interval", "encodings": ["x"]}
    # A live chart has nothing to drag over: the wheel scrolls the page.
    params: list[Spec] = [] if window.is_live else [{"name": "zoom", "select": select}]
    return {
        "params": params,
        "transform": [when()],
        "mark": LINE | {"strokeWidth": 2},
        "encoding": {
            "x": window.axis,
            "y": {
                "field": "mean",
                "type": "quantitative",
                "axis": _y_axis(window, measure),
            },
            "color": {"field": "node", "type": "nominal", "legend": LEGEND},
            "tooltip": [
                {"field": "when", "title": _("At")},
                {"field": "node", "title": _("Server")},
                {"field": "mean", "title": _("Behind"), "format": how},
                {"field": "worst", "title": _("Peak"), "format": how},
            ],
        },
    }


def _y_axis(window: Window, measure: Measure) -> Spec:
    return (_BYTES_AXIS if measure == "bytes" else _SECONDS_AXIS) | window.beside


def _peaks(shown: pd.DataFrame, measure: Measure) -> str:
    say = amount if measure == "bytes" else seconds
    worst = shown.groupby("node")["worst"].max().dropna()
    peak = _("{server}: at most {most}.")
    return " ".join(
        peak.format(server=node, most=say(most)) for node, most in worst.items()
    )
