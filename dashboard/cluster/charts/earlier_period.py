"""An earlier period under the one that a chart shows, such as the day before."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import pandas as pd
import streamlit as st

from dashboard.cluster.charts.chart_layers import MARKED, Window, when
from dashboard.cluster.charts.periods import Shown
from dashboard.cluster.charts.series import Points
from dashboard.ui.chart_tools.vega_lite import Spec, mark
from dashboard.ui.language import gettext as _, marked

_KEY: Final = "replication_compared"
_NOTHING: Final = marked("Nothing")
_BEFORE: Final = marked("The period before")
# How much earlier; None stands for the period's own length.
_EARLIER: Final[dict[str, timedelta | None]] = {
    _BEFORE: None,
    marked("A day before"): timedelta(days=1),
    marked("A week before"): timedelta(days=7),
}


@dataclass(frozen=True, slots=True)
class PeriodBefore:
    """An earlier period: by how much, and its name on the page."""

    earlier: timedelta
    words: str


def choose_comparison(shown: Shown) -> PeriodBefore | None:
    """Ask which period to lay under the one shown.

    None for no comparison, and for a live chart, whose time is over in minutes.
    """
    if shown.is_live:
        return None
    chosen = st.selectbox(
        _("Compare with"),
        [_NOTHING, *_EARLIER],
        format_func=_,
        key=_KEY,
        bind="query-params",
        width=220,
    )
    if chosen not in _EARLIER:
        return None
    return PeriodBefore(_EARLIER[chosen] or shown.until - shown.since, _(chosen))


def worst_of(points: Points, column: str, earlier: timedelta) -> pd.DataFrame:
    """Return, for each time, the lag of the last of all replicas, shifted.

    Columns `at` (as in charts, with `earlier` added) and `value`.
    """
    frame = points.frame
    return _moved(frame[frame["role"] != "primary"], column, earlier)


def rate_of(points: Points, earlier: timedelta) -> pd.DataFrame:
    """Return, for each time, how fast the primary wrote its log, shifted.

    Columns as in `worst_of`.
    """
    frame = points.frame
    return _moved(frame[frame["role"] == "primary"], "rate", earlier)


def line_under(rows: pd.DataFrame, window: Window, words: str, form: str) -> list[Spec]:
    """Return a layer with the line of the earlier period; none without its samples."""
    if rows["value"].isna().all():
        return []
    values = rows.dropna(subset="value").to_dict("records")
    return [
        {
            "data": {"values": values},
            "transform": [when()],
            "mark": mark("line", strokeDash=[2, 3], strokeWidth=1.5, color=MARKED),
            "encoding": {
                "x": window.axis,
                "y": {"field": "value", "type": "quantitative"},
                "tooltip": [
                    {"field": "when", "title": _("At")},
                    {"field": "value", "title": words, "format": form},
                ],
            },
        }
    ]


def _moved(rows: pd.DataFrame, column: str, earlier: timedelta) -> pd.DataFrame:
    values = pd.to_numeric(rows[column]).groupby(rows["at"]).max()
    moved = values.rename_axis("at").rename("value").reset_index()
    moved["at"] += earlier.total_seconds() * 1000
    return moved
