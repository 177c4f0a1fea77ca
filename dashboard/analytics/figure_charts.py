"""A figure as a line, bars or a heat map, with its numbers as a table."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from zlib import crc32

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.analytics import distribution_charts
from dashboard.analytics.cohort_charts import (
    dimension_name,
    number_text,
    percent_text,
)
from dashboard.analytics.pivot_table import pivot_of, show_pivot
from dashboard.ui.chart_tools import Numbers, chart_box, choosing_box
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import gettext as _, month_and_year, pgettext, translated
from dashboard.ui.language.chart_locale import in_language
from dashboard.ui.words import capitalised, plain
from services.analytics.cohorts import Dimension
from services.analytics.cohorts.wording import tell_split
from services.analytics.dashboards.choosing import CHOOSABLE, is_choosable
from services.analytics.figures import Chart, FigureCell, FigureMeasure, FigureResult
from services.analytics.figures.drawing import (
    COLOURS,
    MOST_COLOURS,
    ORDERED,
    form_of,
    month_of,
    name_of,
    nothing_shown,
    order_of,
)

_HEIGHT: Final = 320
_ROW: Final = 26
_AXIS: Final = 60
# Lines behind the bars, about.
_TICKS: Final = 6
_LONGEST_LABEL: Final = 180
# How wide a bar is at most, in pixels, and up to how many would be wider.
_WIDEST: Final = 64
_FEW: Final = 4


# Whoever is told the values that a bar stands for.
Choose = Callable[[Mapping[Dimension, str]], None]
_CLICKED: Final = "clicked"
_Write = Callable[[Dimension, str], str]


class _Tables(NamedTuple):
    """What makes a figure's numbers, as a page shows them and as a file has them."""

    shown: Numbers
    filed: Numbers


def show_figure(result: FigureResult, choose: Choose) -> None:
    """Show a figure, by what it is split by; `choose` is told what is chosen in it."""
    split = translated(tell_split(result.figure.by))
    st.subheader(_("By {split}").format(split=split), anchor=False)
    name = _("Cohort by {split}").format(split=split)
    if draw_figure(result, name, key="cohorts_split_chart", choose=choose):
        explain_suppressed(result.smallest_group)


def explain_suppressed(least: int) -> None:
    """Say what stands for numbers that are not told."""
    st.caption(
        _(
            "“suppressed” stands for fewer than {least} patients, for all but fewer "
            "than {least}, and for any number from which one of these could be "
            "worked out. Groups with no number at all are left out."
        ).format(least=least)
    )


def draw_figure(
    result: FigureResult, name: str, *, key: str, choose: Choose | None = None
) -> bool:
    """Draw a figure with its table; return False, and say why, if nothing is told.

    `name` is what the chart is called. `choose` is told the values of a bar that is
    clicked, or whose name is chosen in the table, as far as a filter can have them.
    """
    if not any(cell.number is not None for cell in result.cells):
        empty_state(
            plain(translated(nothing_shown(result.smallest_group))),
            icon="visibility_off",
        )
        return False
    names = [dimension_name(dimension) for dimension in result.figure.by]
    shown = _number_name(result.figure.measure)
    tables = _Tables(
        lambda: _table(result, names, _value), lambda: _table(result, names, _filed)
    )
    is_spread = result.figure.measure is FigureMeasure.DISTRIBUTION
    if result.totals:
        show_pivot(tables.shown(), name=name, key=f"{key}_pivot")
    if is_spread:
        st.caption(distribution_charts.quantity_name(result))
    chart = _boxes(result, names) if is_spread else _chart(result, names, shown)
    said = _("{shown} by {split}; see the table below it").format(
        shown=shown, split=translated(tell_split(result.figure.by))
    )
    if choose is None or not CHOOSABLE.intersection(result.figure.by):
        with chart_box(name, tables.shown, key=key, filed=tables.filed):
            st.altair_chart(in_language(chart), height=chart.height, alt=said)
    else:
        chosen = _draw_to_choose(result, chart, (name, said, names), tables, key)
        if chosen:
            choose(chosen)
    if is_spread:
        st.caption(distribution_charts.explain(result))
    return True


def _draw_to_choose(
    result: FigureResult,
    chart: alt.Chart | alt.LayerChart,
    words: tuple[str, str, list[str]],
    tables: _Tables,
    key: str,
) -> Mapping[Dimension, str]:
    """Draw a chart whose bars can be clicked, and a table with the same for keys.

    Return what was chosen just now, as far as a filter can have it.
    """
    name, said, names = words
    by = result.figure.by
    is_clicked = isinstance(chart, alt.Chart) and form_of(result) is Chart.BARS
    bars: list[Mapping[str, str]] = []
    # Of what only stands beside the first field, the filter itself has a field.
    what = _("Show only") if by[0] in CHOOSABLE else ""
    choosable = {
        _value(by[0], cell.values[0])
        for cell in result.cells
        if is_choosable(by[0], cell.values[0])
    }
    with choosing_box(
        name,
        tables.shown,
        key=key,
        choose=what,
        choosable=choosable,
        filed=tables.filed,
    ) as picked:
        if is_clicked:
            clicked = alt.selection_point(_CLICKED, fields=names, on="click")
            event = st.altair_chart(
                in_language(chart.add_params(clicked)),
                # Once narrowed it is another chart: nothing in it is chosen any more.
                key=f"{key}_{crc32(repr(result.figure).encode()):08x}",
                height=chart.height,
                alt=said,
                on_select="rerun",
                selection_mode=_CLICKED,
            )
            bars = (event.get("selection") or {}).get(_CLICKED) or []
        else:
            st.altair_chart(in_language(chart), height=chart.height, alt=said)
    chosen = bars[0] if bars else {names[0]: picked}
    return {
        dimension: value
        for cell in result.cells
        for dimension, value, field in zip(by, cell.values, names, strict=True)
        if dimension in CHOOSABLE and chosen.get(field) == _value(dimension, value)
    }


def _number_name(measure: FigureMeasure) -> str:
    match measure:
        case FigureMeasure.SHARE:
            return pgettext("of a whole", "Share")
        case FigureMeasure.EVENTS:
            return _("Events")
        case FigureMeasure.DISTRIBUTION:
            return distribution_charts.number_name()
    return _("Patients")


def _table(result: FigureResult, names: Sequence[str], write: _Write) -> pd.DataFrame:
    """Return a figure's numbers; `write` writes what they are split by."""
    if result.totals:
        return pivot_of(result, names[0], write)
    return pd.DataFrame([_row(result, names, cell, write) for cell in result.cells])


def _row(
    result: FigureResult, names: Sequence[str], cell: FigureCell, write: _Write
) -> dict[str, str]:
    row = _named(result, names, cell, write)
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
    result: FigureResult, names: Sequence[str], cell: FigureCell, write: _Write
) -> dict[str, str]:
    return {
        name: write(dimension, value)
        for name, dimension, value in zip(
            names, result.figure.by, cell.values, strict=True
        )
    }


def _filed(dimension: Dimension, value: str) -> str:
    """Return a value for programs and spreadsheets, which sort months as 2026-10."""
    return value if month_of(dimension, value) else _value(dimension, value)


def _value(dimension: Dimension, value: str) -> str:
    if month := month_of(dimension, value):
        return month_and_year(month)
    ours = name_of(dimension, value)
    return capitalised(value) if ours is None else _(ours)


def _chart(result: FigureResult, names: list[str], shown: str) -> alt.Chart:
    is_share = result.figure.measure is FigureMeasure.SHARE
    frame = pd.DataFrame(
        [
            _named(result, names, cell, _value)
            | {shown: cell.share if is_share else cell.number}
            for cell in result.cells
        ]
    )
    number = {
        "shorthand": f"{shown}:Q",
        "title": None,
        # Left to itself, a wide card has a line at each of forty patients.
        "axis": {"tickCount": _TICKS}
        | ({"format": "%"} if is_share else {"format": "d", "tickMinStep": 1}),
    }
    tips = [*names, alt.Tooltip(f"{shown}:Q", format=".1%" if is_share else ",d")]
    placed = _placed(result, names)
    match form_of(result):
        case Chart.HEAT_MAP:
            return _heat_map(frame, placed, shown, tips, is_share=is_share)
        case Chart.LINE:
            return _line(frame, placed, number, tips)
    return _bars(frame, placed, number, tips)


def _boxes(result: FigureResult, names: list[str]) -> alt.LayerChart:
    placed = _placed(result, names)
    (along, name), *beside = placed
    return distribution_charts.draw_boxes(
        result,
        [_named(result, names, cell, _value) for cell in result.cells],
        along=name,
        beside=beside[0][1] if beside else None,
        is_timed=along in ORDERED,
    )


_Placed = list[tuple[Dimension, str]]


def _placed(result: FigureResult, names: list[str]) -> _Placed:
    """Return the fields, with their names, as they go along the chart and beside it."""
    by = result.figure.by
    return [(by[place], names[place]) for place in order_of(by)]


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
    if along in ORDERED:
        if beside:
            encoding["xOffset"] = alt.XOffset(f"{beside[0][1]}:N", sort=None)
        encoding |= {
            "x": alt.X(f"{name}:O", sort=None, axis=_time_axis()),
            "y": alt.Y(**number),
        }
        height = _HEIGHT
        # Of one month or two, bars would be walls.
        few = frame[name].nunique() <= _FEW and not beside
        width = _WIDEST if few else alt.Undefined
    else:
        width = alt.Undefined
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
            # At the edge of the picture the last number loses half a digit.
            "x": alt.X(**number | {"axis": number["axis"] | {"labelFlushOffset": -4}}),
        }
        height = _ROW * len(frame) + _AXIS
    chart: alt.Chart = (
        alt.Chart(frame, height=height)
        .mark_bar(aria=False, size=width)
        .encode(**encoding)
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
    is_few = frame[name].nunique() <= MOST_COLOURS
    scale = alt.Scale(range=list(COLOURS)) if is_few else alt.Undefined
    legend = alt.Legend(orient="bottom", columns=2)
    return alt.Color(f"{name}:N", sort=None, title=None, legend=legend, scale=scale)
