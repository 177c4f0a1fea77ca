"""Means and percentiles as boxes, beside what stands in the table below them."""

from collections.abc import Mapping
from typing import Any, Final

import altair as alt
import pandas as pd

from dashboard.analytics.cohort_charts import number_text
from dashboard.ui.language import decimal, gettext as _, marked, translated
from services.analytics.figures import Distribution, FigureCell, FigureResult
from services.analytics.figures.drawing import COLOURS, QUANTITIES, explain_boxes

_HEIGHT: Final = 320
_ROW: Final = 34
_AXIS: Final = 60
_LONGEST_LABEL: Final = 180
_BOX: Final = 14
_SUPPRESSED: Final = marked("suppressed")
_COLUMNS: Final[Mapping[str, str]] = {
    "mean": marked("Mean"),
    "p25": marked("25th percentile"),
    "median": marked("Median"),
    "p75": marked("75th percentile"),
    "p90": marked("90th percentile"),
}


def quantity_name(result: FigureResult) -> str:
    """Return what a distribution is of, with its unit."""
    if result.figure.quantity is None:
        return ""
    name = _(QUANTITIES[result.figure.quantity])
    return f"{name} ({result.unit})" if result.unit else name


def numbers_of(cell: FigureCell) -> dict[str, str]:
    """Return a group's numbers as they stand in the table."""
    spread = cell.distribution or Distribution()
    return {_("Patients"): number_text(cell.number)} | {
        _(title): _text(getattr(spread, name)) for name, title in _COLUMNS.items()
    }


def explain(result: FigureResult) -> str:
    """Return how the numbers are to be read."""
    return translated(explain_boxes(result.smallest_group))


def draw_boxes(
    result: FigureResult,
    named: list[dict[str, str]],
    *,
    along: str,
    beside: str | None,
    is_timed: bool,
) -> alt.LayerChart:
    """Return the boxes of a distribution, standing along times and lying beside words.

    `along` and `beside` are the names of the two fields, of which `named` has the
    values for each group.
    """
    frame = pd.DataFrame(
        [
            names | _drawn(cell)
            for names, cell in zip(named, result.cells, strict=True)
            if cell.distribution is not None
        ]
    )
    number, group = ("y", "x") if is_timed else ("x", "y")
    axis = (
        alt.Axis(labelAngle=0, title=None, labelOverlap=True)
        if is_timed
        else alt.Axis(labelLimit=_LONGEST_LABEL, ticks=False, title=None)
    )
    placed = alt.X if is_timed else alt.Y
    encoding: dict[str, Any] = {
        group: placed(f"{along}:N", sort=None, axis=axis),
        "color": alt.value(COLOURS[0]),
        "tooltip": list(frame.columns),
    }
    if beside:
        offset = alt.XOffset if is_timed else alt.YOffset
        encoding[f"{group}Offset"] = offset(f"{beside}:N", sort=None)
        encoding["color"] = alt.Color(
            f"{beside}:N", sort=None, title=None, legend=alt.Legend(orient="bottom")
        )
    height = _HEIGHT if is_timed else _ROW * len(frame) + _AXIS
    base = alt.Chart(frame).encode(**encoding)
    scaled = (alt.Y if is_timed else alt.X)(
        f"{_(_COLUMNS['p25'])}:Q", title=None, scale=alt.Scale(zero=False)
    )
    upto = f"{number}2"
    return alt.LayerChart(
        height=height,
        layer=[
            base.mark_rule(aria=False).encode(
                **{number: _field("p75"), upto: f"{_(_COLUMNS['p90'])}:Q"}
            ),
            base.mark_bar(size=_BOX, opacity=0.45, aria=False).encode(
                **{number: scaled, upto: f"{_(_COLUMNS['p75'])}:Q"}
            ),
            base.mark_tick(thickness=2, size=_BOX, aria=False).encode(
                **{number: _field("median")}
            ),
            base.mark_point(filled=True, size=40, aria=False).encode(
                **{number: _field("mean")}
            ),
        ],
    )


def _drawn(cell: FigureCell) -> dict[str, float | None]:
    spread = cell.distribution or Distribution()
    return {_(title): getattr(spread, name) for name, title in _COLUMNS.items()}


def _field(name: str) -> str:
    return f"{_(_COLUMNS[name])}:Q"


def _text(number: float | None) -> str:
    return _(_SUPPRESSED) if number is None else decimal(number, 1)


def number_name() -> str:
    """Return what the chart shows, for those who hear it."""
    return _("Mean and percentiles")
