"""A figure as a line, bars or a heat map, with its numbers as a table."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.analytics import distribution_charts
from dashboard.analytics.cohort_charts import (
    COLOURS,
    dimension_name,
    number_text,
    percent_text,
    value_name,
)
from dashboard.analytics.pivot_table import pivot_of, show_pivot
from dashboard.ui.chart_tools import chart_box
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import gettext as _, marked, pgettext, translated
from dashboard.ui.language.chart_locale import in_language
from services.analytics.cohorts import Dimension
from services.analytics.cohorts.wording import tell_split
from services.analytics.figures import Chart, FigureCell, FigureMeasure, FigureResult

_HEIGHT: Final = 320
_ROW: Final = 26
_AXIS: Final = 60
_LONGEST_LABEL: Final = 180
# A line of its own for each needs a colour of its own.
_MOST_COLOURS: Final = len(COLOURS)
_TIMES: Final = frozenset(
    {Dimension.MONTH, Dimension.QUARTER, Dimension.YEAR, Dimension.HOUR}
)
_ORDERED: Final = _TIMES | {Dimension.WEEKDAY}
_WEEK: Final = frozenset({Dimension.WEEKDAY, Dimension.HOUR})
_WORDS: Final[Mapping[str, str]] = {
    "monday": marked("Monday"),
    "tuesday": marked("Tuesday"),
    "wednesday": marked("Wednesday"),
    "thursday": marked("Thursday"),
    "friday": marked("Friday"),
    "saturday": marked("Saturday"),
    "sunday": marked("Sunday"),
    "scheduled": marked("Scheduled"),
    "checked-in": marked("Checked in"),
    "completed": marked("Completed"),
    "cancelled": marked("Cancelled"),
    "no-show": marked("No-show"),
    "others": marked("Others"),
    "none": marked("None"),
}
_FIXED: Final = frozenset({Dimension.WEEKDAY, Dimension.STATUS})


def show_figure(result: FigureResult) -> None:
    """Show a figure, by what it is split by."""
    split = translated(tell_split(result.figure.by))
    st.subheader(_("By {split}").format(split=split), anchor=False)
    name = _("Cohort by {split}").format(split=split)
    if draw_figure(result, name, key="cohorts_split_chart"):
        explain_untold(result.smallest_group)


def explain_untold(least: int) -> None:
    """Say what stands for numbers that are not told."""
    st.caption(
        _(
            "“not told” stands for fewer than {least} patients, for all but fewer than "
            "{least}, and for what would tell of one such number."
        ).format(least=least)
    )


def draw_figure(result: FigureResult, name: str, *, key: str) -> bool:
    """Draw a figure with its table; return False, and say why, if nothing is told.

    `name` is what the chart is called.
    """
    if not any(cell.number is not None for cell in result.cells):
        empty_state(
            _(
                "Every group here has fewer than {least} patients, or would tell of "
                "one that has, or of what nearly all of them have alike. Split by "
                "less, or let more patients in."
            ).format(least=result.smallest_group),
            icon="visibility_off",
        )
        return False
    names = [dimension_name(dimension) for dimension in result.figure.by]
    shown = _number_name(result.figure.measure)
    table = pd.DataFrame([_row(result, names, cell) for cell in result.cells])
    is_spread = result.figure.measure is FigureMeasure.DISTRIBUTION
    if result.totals:
        table = pivot_of(result, names[0], _value)
        show_pivot(table, name=name, key=f"{key}_pivot")
    if is_spread:
        st.caption(distribution_charts.quantity_name(result))
    with chart_box(name, table, key=key):
        chart = _boxes(result, names) if is_spread else _chart(result, names, shown)
        st.altair_chart(
            in_language(chart),
            height=chart.height,
            alt=_("{shown} by {split}; see the table below it").format(
                shown=shown, split=translated(tell_split(result.figure.by))
            ),
        )
    if is_spread:
        st.caption(distribution_charts.explain(result))
    return True


def _number_name(measure: FigureMeasure) -> str:
    match measure:
        case FigureMeasure.SHARE:
            return pgettext("of a whole", "Share")
        case FigureMeasure.EVENTS:
            return _("Events")
        case FigureMeasure.DISTRIBUTION:
            return distribution_charts.number_name()
    return _("Patients")


def _row(
    result: FigureResult, names: Sequence[str], cell: FigureCell
) -> dict[str, str]:
    row = _named(result, names, cell)
    if result.figure.measure is FigureMeasure.DISTRIBUTION:
        return row | distribution_charts.numbers_of(cell)
    if result.figure.measure is not FigureMeasure.SHARE:
        return row | {_number_name(result.figure.measure): number_text(cell.number)}
    return row | {
        _("Came in"): number_text(cell.entered),
        _("Remain"): number_text(cell.number),
        pgettext("of a whole", "Share"): percent_text(cell.share),
    }


def _named(
    result: FigureResult, names: Sequence[str], cell: FigureCell
) -> dict[str, str]:
    return {
        name: _value(dimension, value)
        for name, dimension, value in zip(
            names, result.figure.by, cell.values, strict=True
        )
    }


def _value(dimension: Dimension, value: str) -> str:
    if dimension in _FIXED or value in {"others", "none"}:
        return _(_WORDS.get(value.lower(), value))
    return value_name(value)


def _chart(result: FigureResult, names: list[str], shown: str) -> alt.Chart:
    is_share = result.figure.measure is FigureMeasure.SHARE
    frame = pd.DataFrame(
        [
            _named(result, names, cell)
            | {shown: cell.share if is_share else cell.number}
            for cell in result.cells
        ]
    )
    number = {
        "shorthand": f"{shown}:Q",
        "title": None,
        "axis": alt.Axis(format="%" if is_share else "d"),
    }
    tips = [*names, alt.Tooltip(f"{shown}:Q", format=".1%" if is_share else ",d")]
    placed = sorted(zip(result.figure.by, names, strict=True), key=_place)
    match _form(result, frame, placed):
        case Chart.HEAT_MAP:
            return _heat_map(frame, placed, shown, tips, is_share=is_share)
        case Chart.LINE:
            return _line(frame, placed, number, tips)
    return _bars(frame, placed, number, tips)


def _boxes(result: FigureResult, names: list[str]) -> alt.LayerChart:
    placed = sorted(zip(result.figure.by, names, strict=True), key=_place)
    (along, name), *beside = placed
    return distribution_charts.draw_boxes(
        result,
        [_named(result, names, cell) for cell in result.cells],
        along=name,
        beside=beside[0][1] if beside else None,
        is_timed=along in _ORDERED,
    )


_Placed = list[tuple[Dimension, str]]


def _place(placed: tuple[Dimension, str]) -> int:
    """Put times along the chart, before the days of the week and all else."""
    return (placed[0] not in _TIMES) + (placed[0] not in _ORDERED)


def _form(result: FigureResult, frame: pd.DataFrame, placed: _Placed) -> Chart:
    """Return how a figure is drawn: as is said, where it can be."""
    (along, name), *beside = placed
    chart = result.figure.chart
    if chart in {Chart.HEAT_MAP, Chart.TABLE, Chart.ITSELF}:
        colours = frame[beside[0][1]].nunique() if beside else 0
        if beside and (
            chart in {Chart.HEAT_MAP, Chart.TABLE}
            or set(result.figure.by) == _WEEK
            or colours > _MOST_COLOURS
        ):
            return Chart.HEAT_MAP
    is_timed = along in _ORDERED and frame[name].nunique() > 1
    if chart is Chart.BARS or not is_timed:
        return Chart.BARS
    return Chart.LINE


def _line(
    frame: pd.DataFrame, placed: _Placed, number: dict[str, Any], tips: list[Any]
) -> alt.Chart:
    (_along, name), *beside = placed
    chart: alt.Chart = (
        alt.Chart(frame, height=_HEIGHT)
        .mark_line(point=True, aria=False)
        .encode(
            x=alt.X(f"{name}:O", sort=None, axis=_time_axis()),
            y=alt.Y(**number),
            color=_colour(frame, beside),
            tooltip=tips,
        )
    )
    return chart


def _bars(
    frame: pd.DataFrame, placed: _Placed, number: dict[str, Any], tips: list[Any]
) -> alt.Chart:
    (along, name), *beside = placed
    encoding: dict[str, Any] = {"color": _colour(frame, beside), "tooltip": tips}
    if along in _ORDERED:
        if beside:
            encoding["xOffset"] = alt.XOffset(f"{beside[0][1]}:N", sort=None)
        encoding |= {
            "x": alt.X(f"{name}:O", sort=None, axis=_time_axis()),
            "y": alt.Y(**number),
        }
        height = _HEIGHT
    else:
        # Words are long: they stand beside bars that lie.
        if beside:
            encoding["yOffset"] = alt.YOffset(f"{beside[0][1]}:N", sort=None)
        encoding |= {
            "y": alt.Y(
                f"{name}:N",
                sort=None,
                title=None,
                axis=alt.Axis(labelLimit=_LONGEST_LABEL, ticks=False),
            ),
            "x": alt.X(**number),
        }
        height = _ROW * len(frame) + _AXIS
    chart: alt.Chart = (
        alt.Chart(frame, height=height).mark_bar(aria=False).encode(**encoding)
    )
    return chart


def _heat_map(
    frame: pd.DataFrame,
    placed: _Placed,
    shown: str,
    tips: list[Any],
    *,
    is_share: bool,
) -> alt.Chart:
    (_along, across), (_beside, down) = placed
    rows = frame[down].nunique()
    chart: alt.Chart = (
        alt.Chart(frame, height=_ROW * rows + _AXIS + _AXIS)
        .mark_rect(aria=False)
        .encode(
            x=alt.X(f"{across}:O", axis=_time_axis(), scale=_whole(frame[across])),
            y=alt.Y(
                f"{down}:O",
                title=None,
                scale=_whole(frame[down]),
                axis=alt.Axis(labelLimit=_LONGEST_LABEL, ticks=False),
            ),
            color=alt.Color(
                f"{shown}:Q",
                title=None,
                scale=alt.Scale(domainMin=0),
                legend=alt.Legend(
                    orient="bottom",
                    format=".0%" if is_share else "d",
                    tickMinStep=alt.Undefined if is_share else 1,
                ),
            ),
            tooltip=tips,
        )
        .transform_filter(alt.datum[shown] != None)  # noqa: E711 - Vega's null
    )
    return chart


def _whole(values: "pd.Series[str]") -> alt.Scale:
    """Return a scale on which what is not told keeps its place."""
    return alt.Scale(domain=list(dict.fromkeys(values)))


def _time_axis() -> alt.Axis:
    return alt.Axis(labelAngle=0, title=None, labelOverlap=True)


def _colour(frame: pd.DataFrame, beside: _Placed) -> Any:
    if not beside:
        return alt.value(COLOURS[0])
    name = beside[0][1]
    is_few = frame[name].nunique() <= _MOST_COLOURS
    scale = alt.Scale(range=list(COLOURS)) if is_few else alt.Undefined
    legend = alt.Legend(orient="bottom", columns=2)
    return alt.Color(f"{name}:N", sort=None, title=None, legend=legend, scale=scale)
