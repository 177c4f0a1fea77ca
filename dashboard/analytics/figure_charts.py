"""A figure as a line, bars or a heat map with its numbers as a table, or as a table."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple
from zlib import crc32

import pandas as pd
import streamlit as st

from dashboard.analytics import distribution_charts
from dashboard.analytics.cohort_charts import (
    number_text,
    percent_text,
    suppressed_numbers,
)
from dashboard.analytics.distribution_charts import TICKS, TIME_AXIS, WORD_AXIS
from dashboard.analytics.pivot_table import is_pivot, pivot_of
from dashboard.ui.chart_tools import Numbers, chart_box, choosing_box
from dashboard.ui.chart_tools.vega_lite import (
    WHOLE_NUMBERS,
    Spec,
    every_value,
    mark,
    nominal,
    of_rows,
    ordinal,
    quantitative,
)
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import gettext as _, month_and_year, pgettext, translated
from dashboard.ui.language.chart_locale import in_language
from dashboard.ui.words import capitalised, plain
from services.analytics.cohorts import Dimension
from services.analytics.cohorts.wording import dimension_phrase, split_phrase
from services.analytics.dashboards.choosing import FILTERABLE, is_filterable
from services.analytics.figures import (
    Chart,
    Figure,
    FigureCell,
    FigureMeasure,
    FigureResult,
)
from services.analytics.figures.drawing import (
    COLOURS,
    MOST_COLOURS,
    ORDERED,
    SHARES,
    chart_of,
    document_type_of,
    month_of,
    name_of,
    nothing_disclosed,
    order_of,
    parts_of,
    ranked,
)

_HEIGHT: Final = 320
_ROW: Final = 26
_AXIS: Final = 60
# The maximum width of a bar in pixels, and up to how many bars would be wider.
_WIDEST: Final = 64
_FEW: Final = 4


# A function that is given the values of a bar.
Choose = Callable[[Mapping[Dimension, str]], None]
_CLICKED: Final = "clicked"
_Write = Callable[[Dimension, str], str]


class _Tables(NamedTuple):
    """Functions that return a figure's numbers, for a page and for a file."""

    shown: Numbers
    filed: Numbers


class _Drawing(NamedTuple):
    """A chart as a Vega-Lite specification, and its data."""

    data: pd.DataFrame
    spec: Spec


def show_figure(result: FigureResult, choose: Choose) -> None:
    """Show a figure, split by its dimensions; `choose` is given what is chosen."""
    split = _split_of(result.figure)
    st.subheader(_("By {split}").format(split=split), anchor=False)
    name = _("Cohort by {split}").format(split=split)
    if draw_figure(result, name, key="cohorts_split_chart", choose=choose):
        explain_suppressed(result.smallest_group)


def explain_suppressed(least: int) -> None:
    """Explain the text that replaces hidden numbers."""
    st.caption(
        _(
            "“suppressed”, or × in a chart, stands for fewer than {least} patients, "
            "for all but fewer than {least}, and for any number from which one of "
            "these could be worked out. Groups with no number at all are left out."
        ).format(least=least)
    )


def draw_figure(
    result: FigureResult, name: str, *, key: str, choose: Choose | None = None
) -> bool:
    """Draw a figure with its table; return False, and say why, if nothing can be shown.

    `name` is the name of the chart. `choose` is given the values of a bar that is
    clicked, or whose name is chosen in the table, as far as a filter can contain them.
    """
    if not any(cell.number is not None for cell in result.cells):
        empty_state(
            plain(translated(nothing_disclosed(result.smallest_group))),
            icon="visibility_off",
        )
        return False
    result = ranked(result)
    names = _dimension_names(result.figure)
    shown = _number_name(result.figure.measure)
    tables = _Tables(
        lambda: _table(result, names, _value),
        lambda: _table(result, names, _value_for_file),
    )
    is_distribution = result.figure.measure is FigureMeasure.DISTRIBUTION
    if is_distribution:
        st.caption(distribution_charts.quantity_name(result))
        drawing = _boxes(result, names)
    elif is_pivot(result):
        drawing = None
    else:
        drawing = _counts(result, names, shown)
    alt = _("{shown} by {split}; see the table below it").format(
        shown=shown, split=_split_of(result.figure)
    )
    if choose is None or not FILTERABLE.intersection(result.figure.by):
        with chart_box(
            name,
            tables.shown,
            key=key,
            filed=tables.filed,
            is_table=drawing is None,
        ):
            if drawing:
                _draw(drawing, alt)
    else:
        chosen = _draw_clickable(result, drawing, (name, alt, names), tables, key)
        if chosen:
            choose(chosen)
    if is_distribution:
        st.caption(distribution_charts.explain(result))
    return True


def _split_of(figure: Figure) -> str:
    return translated(split_phrase(figure.by, figure.event.kind))


def _dimension_names(figure: Figure) -> list[str]:
    """Return what a figure is split by, as the heads of columns."""
    phrases = (dimension_phrase(each, figure.event.kind) for each in figure.by)
    return [capitalised(translated(phrase)) for phrase in phrases]


def _draw(drawing: _Drawing, alt: str) -> None:
    """Draw a chart that cannot be clicked; `alt` is its text for screen readers."""
    data, spec = drawing
    st.vega_lite_chart(in_language(of_rows(data, spec)), height=spec["height"], alt=alt)


def _draw_clickable(
    result: FigureResult,
    drawing: _Drawing | None,
    words: tuple[str, str, list[str]],
    tables: _Tables,
    key: str,
) -> Mapping[Dimension, str]:
    """Draw a chart with clickable bars, and a table with the same for the keyboard.

    Without a `drawing` there is only the table. Return what was chosen just now, as far
    as a filter can contain it.
    """
    name, alt, names = words
    by = result.figure.by
    is_distribution = result.figure.measure is FigureMeasure.DISTRIBUTION
    is_clicked = chart_of(result) is Chart.BARS and not is_distribution
    bars: list[Mapping[str, str]] = []
    # Only the first dimension: for one beside it, people use the filter's own field.
    what = _("Show only") if by[0] in FILTERABLE else ""
    choosable = {
        _value(by[0], cell.values[0])
        for cell in result.cells
        if is_filterable(by[0], cell.values[0])
    }
    with choosing_box(
        name,
        tables.shown,
        key=key,
        choose=what,
        choosable=choosable,
        filed=tables.filed,
        is_table=drawing is None,
    ) as picked:
        if drawing and is_clicked:
            event = st.vega_lite_chart(
                in_language(of_rows(drawing.data, _clickable(drawing.spec, names))),
                # Once narrowed it is another chart, and nothing is selected in it.
                key=f"{key}_{crc32(repr(result.figure).encode()):08x}",
                height=drawing.spec["height"],
                alt=alt,
                on_select="rerun",
                selection_mode=_CLICKED,
            )
            bars = (event.get("selection") or {}).get(_CLICKED) or []
        elif drawing:
            _draw(drawing, alt)
    chosen = bars[0] if bars else {names[0]: picked}
    return {
        dimension: value
        for cell in result.cells
        for dimension, value, field in zip(by, cell.values, names, strict=True)
        if dimension in FILTERABLE and chosen.get(field) == _value(dimension, value)
    }


def _clickable(chart: Spec, names: Sequence[str]) -> Spec:
    """Return bars of which one can be chosen by a click, if others lie over them."""
    select = {"type": "point", "fields": names, "on": "click"}
    bars, *over = chart["layer"]
    bars |= {"params": [{"name": _CLICKED, "select": select}]}
    return chart | {"layer": [bars, *over]}


def _number_name(measure: FigureMeasure) -> str:
    match measure:
        case FigureMeasure.SHARE | FigureMeasure.PROPORTION:
            return pgettext("of a whole", "Share")
        case FigureMeasure.EVENTS:
            return _("Events")
        case FigureMeasure.DISTRIBUTION:
            return distribution_charts.number_name()
    return _("Patients")


def _table(result: FigureResult, names: Sequence[str], write: _Write) -> pd.DataFrame:
    """Return a figure's numbers as a table; `write` writes its dimensions' values."""
    if is_pivot(result):
        write = _with_types_of_documents(result.figure, write)
        return pivot_of(result, names[0], write)
    named = _named(result, names, write)
    return pd.DataFrame(
        [
            row | _numbers_of(result, cell)
            for row, cell in zip(named, result.cells, strict=True)
        ]
    )


def _numbers_of(result: FigureResult, cell: FigureCell) -> dict[str, str]:
    """Return a group's numbers as the table has them."""
    if result.figure.measure is FigureMeasure.DISTRIBUTION:
        return distribution_charts.numbers_of(cell)
    if result.figure.measure not in SHARES:
        return {_number_name(result.figure.measure): number_text(cell.number)}
    whole, part = (translated(phrase) for phrase in parts_of(result.figure))
    return {
        whole: number_text(cell.entered),
        part: number_text(cell.number),
        pgettext("of a whole", "Share"): percent_text(cell.share),
    }


def _named(
    result: FigureResult, names: Sequence[str], write: _Write
) -> list[dict[str, str]]:
    """Return each group's values under the names of its dimensions."""
    write = _with_types_of_documents(result.figure, write)
    by = result.figure.by
    return [
        {
            name: write(dimension, value)
            for name, dimension, value in zip(names, by, cell.values, strict=True)
        }
        for cell in result.cells
    ]


def _with_types_of_documents(figure: Figure, write: _Write) -> _Write:
    """Return a function that writes types of documents by their names."""

    def written(dimension: Dimension, value: str) -> str:
        label = document_type_of(figure, dimension, value)
        return _(label) if label else write(dimension, value)

    return written


def _value_for_file(dimension: Dimension, value: str) -> str:
    """Return a value for programs and spreadsheets, which sort months as 2026-10."""
    return value if month_of(dimension, value) else _value(dimension, value)


def _value(dimension: Dimension, value: str) -> str:
    if month := month_of(dimension, value):
        return month_and_year(month)
    ours = name_of(dimension, value)
    return capitalised(value) if ours is None else _(ours)


def _counts(result: FigureResult, names: list[str], shown: str) -> _Drawing:
    is_share = result.figure.measure in SHARES
    data = pd.DataFrame(
        [
            row | {shown: cell.share if is_share else cell.number}
            for row, cell in zip(
                _named(result, names, _value), result.cells, strict=True
            )
        ]
    )
    number = quantitative(
        shown,
        title=None,
        # Otherwise a wide card would have a line at each of forty patients.
        axis={"tickCount": TICKS} | ({"format": "%"} if is_share else WHOLE_NUMBERS),
    )
    placed = _placed(result, names)
    match chart_of(result):
        case Chart.HEAT_MAP:
            spec = _heat_map(data, placed, shown, is_share=is_share)
        case Chart.LINE:
            spec = _line(data, placed, number)
        case _:
            spec = _bars(data, placed, number)
    tip = quantitative(shown, format=".1%" if is_share else ",d")
    spec["encoding"]["tooltip"] = [*map(nominal, names), tip]
    height, suppressed = spec.pop("height"), suppressed_numbers(spec["encoding"], shown)
    return _Drawing(data, {"height": height, "layer": [spec, suppressed]})


def _boxes(result: FigureResult, names: list[str]) -> _Drawing:
    (along, name), *beside = _placed(result, names)
    named = _named(result, names, _value)
    is_timed = along in ORDERED
    data = distribution_charts.boxes_data(result, named, is_timed=is_timed)
    spec = distribution_charts.boxes_spec(
        names,
        data,
        along=name,
        beside=beside[0][1] if beside else None,
        is_timed=is_timed,
    )
    return _Drawing(data, spec)


_Placed = list[tuple[Dimension, str]]


def _placed(result: FigureResult, names: list[str]) -> _Placed:
    """Return the dimensions with their names, the one along the chart first."""
    by = result.figure.by
    return [(by[place], names[place]) for place in order_of(by)]


def _line(data: pd.DataFrame, placed: _Placed, number: Spec) -> Spec:
    (_along, name), *beside = placed
    return {
        "height": _HEIGHT,
        "mark": mark("line", point=True),
        "encoding": {
            "x": ordinal(name, axis=TIME_AXIS, scale=every_value(data[name])),
            "y": number,
            "color": _colour(data, beside),
        },
    }


def _bars(data: pd.DataFrame, placed: _Placed, number: Spec) -> Spec:
    (along, name), *beside = placed
    bar = mark("bar")
    encoding: Spec = {"color": _colour(data, beside)}
    is_timed = along in ORDERED
    if beside:
        offset, name_beside = "xOffset" if is_timed else "yOffset", beside[0][1]
        encoding[offset] = nominal(name_beside, scale=every_value(data[name_beside]))
    if is_timed:
        encoding |= {
            "x": ordinal(name, axis=TIME_AXIS, scale=every_value(data[name])),
            "y": number,
        }
        height = _HEIGHT
        # For one month or two, bars would be walls.
        if data[name].nunique() <= _FEW and not beside:
            bar["size"] = _WIDEST
    else:
        # Texts are long: they are beside horizontal bars.
        encoding |= {
            "y": nominal(
                name, title=None, axis=WORD_AXIS, scale=every_value(data[name])
            ),
            # At the edge of the picture the last number would lose half a digit.
            "x": number | {"axis": number["axis"] | {"labelFlushOffset": -4}},
        }
        height = _ROW * len(data) + _AXIS
    return {"height": height, "mark": bar, "encoding": encoding}


def _heat_map(
    data: pd.DataFrame, placed: _Placed, shown: str, *, is_share: bool
) -> Spec:
    (_along, across), (_beside, down) = placed
    numbers = {"format": ".0%"} if is_share else WHOLE_NUMBERS
    return {
        "height": _ROW * data[down].nunique() + _AXIS + _AXIS,
        "transform": [{"filter": f"(datum['{shown}'] !== null)"}],
        "mark": mark("rect"),
        "encoding": {
            "x": ordinal(across, axis=TIME_AXIS, scale=every_value(data[across])),
            "y": ordinal(
                down, title=None, axis=WORD_AXIS, scale=every_value(data[down])
            ),
            "color": quantitative(
                shown,
                title=None,
                scale={"domainMin": 0},
                legend={"orient": "bottom"} | numbers,
            ),
        },
    }


def _colour(data: pd.DataFrame, beside: _Placed) -> Spec:
    if not beside:
        return {"value": COLOURS[0]}
    name = beside[0][1]
    legend = {"orient": "bottom", "columns": 2}
    colour = nominal(name, sort=None, title=None, legend=legend)
    is_few = data[name].nunique() <= MOST_COLOURS
    return colour | ({"scale": {"range": list(COLOURS)}} if is_few else {})
