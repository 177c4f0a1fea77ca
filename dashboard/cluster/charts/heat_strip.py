"""A strip for each replica: its lag over time, at a glance."""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import pandas as pd
import pyarrow as pa
import streamlit as st

from dashboard.cluster.charts.chart_layers import Window, when
from dashboard.cluster.charts.series import SHARED, Points, as_sent
from dashboard.ui.chart_tools.vega_lite import Spec, mark
from dashboard.ui.language import current_language, gettext as _, marked, percent
from dashboard.ui.language.chart_locale import in_language

# The number of steps of a period.
STRIPS: Final = 96
_ROW: Final = 34
# For the times below, and for the legend.
_AXIS: Final = 100
GONE: Final = marked("not answering")
# The upper limit in seconds, and its label; the tones are legible on both themes.
_BANDS: Final = (
    (0.5, marked("up to 0.5 s"), "#2F9E73"),
    (2.0, marked("up to 2 s"), "#9A9A1F"),
    (10.0, marked("up to 10 s"), "#C77700"),
    (float("inf"), marked("over 10 s"), "#C2382E"),
)
_TONES: Final = {name: tone for _, name, tone in _BANDS} | {GONE: "#6B7883"}


@dataclass(frozen=True, slots=True)
class _Strip:
    """A strip as it is sent, its number of replicas, and its description as text."""

    sent: pa.Table
    replicas: int
    description: str


def show_heat_strip(points: Points, window: Window, step: float, *, key: str) -> None:
    """Show for each server and step the worst lag."""
    strip = _strip(points, step, current_language(), moves=window.is_live)
    spec: Spec = {"layer": [_tiles(window), window.ends()]}
    height = _ROW * max(1, strip.replicas) + _AXIS
    st.vega_lite_chart(
        strip.sent,
        in_language(spec),
        key=key,
        height=height,
        alt=strip.description,
    )


def _tiles(window: Window) -> Spec:
    return {
        "transform": [when()],
        # The chart as a whole has a text of what it shows.
        "mark": mark("rect", tooltip=True),
        "encoding": {
            # In a live chart, a tile takes the values of its neighbour in the same
            # place: the browser repaints only changed tiles, and creates none. In whole
            # pixels, or each would become a hair wider with each step.
            "key": {"field": "place", "type": "nominal"},
            "x": window.axis | {"scale": {"type": "utc", "round": True}},
            "x2": {"field": "end"},
            "y": {
                "field": "node",
                "type": "nominal",
                "axis": {"title": None, **window.beside},
                "scale": {"paddingInner": 0.2},
            },
            "color": {
                "field": "how",
                "type": "nominal",
                "scale": {
                    "domain": [_(band) for band in _TONES],
                    "range": list(_TONES.values()),
                },
                # On a phone exactly three fit side by side.
                "legend": {
                    "orient": "bottom",
                    "title": None,
                    "columns": 3,
                    "columnPadding": 4,
                },
            },
            "tooltip": [
                {"field": "when", "title": _("From")},
                {"field": "node", "title": _("Server")},
                {"field": "how", "title": _("Behind")},
            ],
        },
    }


@lru_cache(maxsize=SHARED)
def _strip(points: Points, step: float, _language: str, *, moves: bool) -> _Strip:
    # With each step that begins one ends, so that the strip keeps its length.
    shown = binned(points, step, most=STRIPS if moves else None)
    places = shown["node"] + shown["steps_back"].map(" {:.0f}".format)
    names = {band: _(band) for band in _TONES}
    labelled = shown.assign(how=shown["how"].map(names), place=places)
    sent = as_sent(labelled.drop(columns="steps_back"))
    return _Strip(sent, shown["node"].nunique(), _describe(labelled))


def binned(points: Points, step: float, *, most: int | None = None) -> pd.DataFrame:
    """Return one row for each replica and step of time, with the worst of it.

    Each row has its number of `steps_back` from the last one; there are all of them, or
    at most `most`.
    """
    replicas = points.frame[points.frame["role"] != "primary"]
    starts = (replicas["at"] // step) * step
    worst = replicas["replay_worst"].astype("float64")
    # A step in which a replica kept silent once counts as not answering.
    whole = worst.where(replicas["role"].notna(), float("nan"))
    grouped = whole.groupby([replicas["node"], starts])
    bins = grouped.agg(worst="max", size="size", known="count").reset_index()
    bins["steps_back"] = ((bins["at"].max() - bins["at"]) / step).round()
    if most is not None:
        bins = bins[bins["steps_back"] < most]
    return pd.DataFrame(
        {
            "node": bins["node"],
            "steps_back": bins["steps_back"],
            "at": bins["at"],
            "end": bins["at"] + step,
            "how": [
                _band(most) if known == size else GONE
                for most, known, size in zip(
                    bins["worst"], bins["known"], bins["size"], strict=True
                )
            ],
        }
    )


def _band(worst: float) -> str:
    return next(name for most, name, _ in _BANDS if worst <= most)


def _describe(shown: pd.DataFrame) -> str:
    """Return for each server the share of time in each band, as text."""
    steps = Counter(shown["node"])
    counts = Counter(zip(shown["node"], shown["how"], strict=True))
    shares = ", ".join(
        f"{node} {percent(count / steps[node])} {how}"
        for (node, how), count in sorted(
            counts.items(), key=lambda counted: (counted[0][0], -counted[1])
        )
    )
    return _("Replication lag over time: {shares}.").format(shares=shares)
