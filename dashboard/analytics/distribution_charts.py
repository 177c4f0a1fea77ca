"""Means and percentiles as boxes, with the same numbers as in the table below."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from dashboard.analytics.cohort_charts import number_text
from dashboard.ui.chart_tools.vega_lite import (
    Spec,
    every_value,
    mark,
    nominal,
    quantitative,
)
from dashboard.ui.language import decimal, gettext as _, marked, translated
from services.analytics.figures import Distribution, FigureCell, FigureResult
from services.analytics.figures.drawing import COLOURS, QUANTITIES, explain_boxes

_HEIGHT: Final = 320
_ROW: Final = 34
_AXIS: Final = 60
_BOX: Final = 14
_SUPPRESSED: Final = marked("suppressed")
_COLUMNS: Final[Mapping[str, str]] = {
    "mean": marked("Mean"),
    "p25": marked("25th percentile"),
    "median": marked("Median"),
    "p75": marked("75th percentile"),
    "p90": marked("90th percentile"),
}
# The approximate number of lines behind boxes and bars.
TICKS: Final = 6
# The axis of times, here and in other charts of groups, and the axis of words.
# Flush, which is the theme's choice, a band's first label would not be in its middle.
TIME_AXIS: Final[Spec] = {
    "labelAngle": 0,
    "title": None,
    "labelOverlap": True,
    "labelFlush": False,
}
WORD_AXIS: Final[Spec] = {"labelLimit": 180, "ticks": False, "labelFlush": False}


def quantity_name(result: FigureResult) -> str:
    """Return the quantity of a distribution, with its unit."""
    if result.figure.quantity is None:
        return ""
    name = _(QUANTITIES[result.figure.quantity])
    return f"{name} ({result.unit})" if result.unit else name


def numbers_of(cell: FigureCell) -> dict[str, str]:
    """Return a group's numbers as the table has them."""
    distribution = cell.distribution or Distribution()
    return {_("Patients"): number_text(cell.number)} | {
        _(title): _text(getattr(distribution, name)) for name, title in _COLUMNS.items()
    }


def explain(result: FigureResult) -> str:
    """Return how to read the numbers, as a sentence."""
    return translated(explain_boxes(result.smallest_group))


def boxes_data(
    result: FigureResult, named: list[dict[str, str]], *, is_timed: bool
) -> pd.DataFrame:
    """Return the data of the boxes; `named` are the groups' values.

    Along times, groups of which nothing is shown keep their place.
    """
    return pd.DataFrame(
        [
            names | _drawn(cell)
            for names, cell in zip(named, result.cells, strict=True)
            if is_timed or cell.distribution is not None
        ]
    )


def boxes_spec(
    names: Sequence[str],
    data: pd.DataFrame,
    *,
    along: str,
    beside: str | None,
    is_timed: bool,
) -> Spec:
    """Return boxes of the groups, upright along times and horizontal beside words.

    `along` and `beside` are the `names` of the fields by which the groups are placed.
    """
    number, group = ("y", "x") if is_timed else ("x", "y")
    upto = f"{number}2"
    axis = TIME_AXIS if is_timed else WORD_AXIS | {"title": None}
    placed: Spec = {
        group: nominal(along, axis=axis, scale=every_value(data[along])),
        "color": {"value": COLOURS[0]},
        "tooltip": [*map(nominal, names), *map(_tooltip, _COLUMNS)],
    }
    if beside:
        legend = {"orient": "bottom"}
        scale = every_value(data[beside])
        placed |= {
            f"{group}Offset": nominal(beside, scale=scale),
            "color": nominal(beside, title=None, legend=legend, scale=scale),
        }
    whisker = mark("rule")
    box = mark("bar", size=_BOX, opacity=0.45)
    middle = mark("tick", thickness=2, size=_BOX)
    dot = mark("point", filled=True, size=40)
    # Left alone, a wide chart has a line at each half, the last one cut at the edge.
    few = {"tickCount": TICKS, "labelFlushOffset": -4}
    scaled = quantitative("p25", title=None, scale={"zero": False}, axis=few)
    layers: list[tuple[Spec, Spec]] = [
        (whisker, {number: quantitative("p75"), upto: {"field": "p90"}}),
        (box, {number: scaled, upto: {"field": "p75"}}),
        (middle, {number: quantitative("median")}),
        (dot, {number: quantitative("mean")}),
    ]
    return {
        "height": _HEIGHT if is_timed else _ROW * len(data) + _AXIS,
        "transform": [_column_text(name) for name in _COLUMNS],
        "layer": [
            {"mark": drawn, "encoding": placed | measured} for drawn, measured in layers
        ],
    }


def _drawn(cell: FigureCell) -> dict[str, float | None]:
    """Return a group's numbers under names without a dot, as Vega-Lite needs them.

    The title of a column can have one: the German "25. Perzentil".
    """
    distribution = cell.distribution or Distribution()
    return {name: getattr(distribution, name) for name in _COLUMNS}


def _column_text(name: str) -> Spec:
    """Return the transform that writes a mean or percentile like the table below."""
    value = f"datum.{name}"
    otherwise = json.dumps(_(_SUPPRESSED))
    return {
        "calculate": f"isValid({value}) ? format({value}, ',.1f') : {otherwise}",
        "as": f"{name}_text",
    }


def _tooltip(name: str) -> Spec:
    """Return a mean or percentile in a tooltip, as text if it is hidden."""
    return nominal(f"{name}_text", title=_(_COLUMNS[name]))


def _text(number: float | None) -> str:
    return _(_SUPPRESSED) if number is None else decimal(number, 1)


def number_name() -> str:
    """Return the name of what the chart shows, for screen readers."""
    return _("Mean and percentiles")
