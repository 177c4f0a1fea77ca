"""Figures of a first page: a number, its trend, and a link to the page behind it."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from math import floor, log10
from typing import Final

import pandas as pd
import streamlit as st

from dashboard.navigation import path_of
from dashboard.ui.chart_tools import bare_box
from dashboard.ui.chart_tools.vega_lite import (
    Spec,
    mark,
    nominal,
    of_rows,
    quantitative,
)
from dashboard.ui.language import decimal, gettext as _
from dashboard.ui.language.chart_locale import in_language
from dashboard.ui.measures import signed
from dashboard.ui.words import plain

_HEIGHT: Final = 64
_AXIS: Final = 24
# Wide enough for every label, German ones included, not to be cut off.
_LEAST_WIDTH: Final = 211
# Columns by the number of figures, so that no row ends half empty.
_COLUMNS: Final = {5: 5, 6: 3, 8: 4}
_USUAL: Final = 4
# One or two bars must not look like blocks: their width in pixels, and for up to how
# many bars it is set.
_WIDEST: Final = 24
_FEW: Final = 6
# Room above the highest bar, so that it is not cut off.
_ROOM: Final = 1.1
_LABELS: Final[Spec] = {
    "title": None,
    "labelAngle": 0,
    "labelOverlap": True,
    "ticks": False,
    "domain": False,
}
_FULL_OR_PALE: Final[Spec] = {
    "condition": {"test": "datum.is_full", "value": 1},
    "value": 0.45,
}
# For numbers that are not whole: 0.0042 s is not 0.00 s, and 1,234.5 MB is 1,234 MB.
_FIGURES: Final = 3


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its trend: `trend` pairs each bar's label with its height.

    `delta` is the change against `compared`, such as "last Monday"; `page` is the file
    of the page behind the number, and `query` the parameters it is opened with.
    """

    label: str
    value: str
    help: str
    delta: float | None = None
    compared: str = ""
    trend: Sequence[tuple[str, float]] = ()
    unit: str = ""
    # Whether the bars are a course of time, of which the last bar is now.
    is_course: bool = True
    # What the bars are along, if it is not time: they are labelled on an axis then.
    along: str = ""
    page: str = ""
    link: str = ""
    query: Mapping[str, str] = field(default_factory=dict)


def show_figures(figures: Sequence[Figure]) -> None:
    """Show the figures side by side; on a phone one below the other."""
    columns = _COLUMNS.get(len(figures), _USUAL)
    with st.grid(columns, min_column_width=_LEAST_WIDTH):
        for number, figure in enumerate(figures):
            # Several figures may lead to one page.
            key = f"figure_{figure.page}_{number}"
            # web/sessions/session_watch/room.css reserves room for it by this name.
            card = "compared" if figure.delta is not None else "alone"
            with st.container(
                key=f"{key}_{card}",
                border=True,
                gap="small",
                height="stretch",
                # The links below the numbers of a row are in one line.
                vertical_alignment="distribute",
            ):
                _show(figure, key=key)


def _show(figure: Figure, *, key: str) -> None:
    has_delta = figure.delta is not None
    st.metric(
        # A saved view has the name that somebody typed.
        plain(figure.label),
        figure.value,
        delta=signed(figure.delta) if figure.delta is not None else None,
        # The sign tells the direction, to a screen reader as well.
        delta_arrow="off",
        # An increase is neither good nor bad in itself.
        delta_color="off",
        # Without a change, the text that it is compared with means nothing.
        delta_description=(figure.compared or None) if has_delta else None,
        help=figure.help,
    )
    if figure.trend:
        # Otherwise each bar is a patient by name, such as those who wait.
        box = nullcontext() if figure.is_course else bare_box(key)
        with box:
            st.vega_lite_chart(
                in_language(of_rows(_points(figure), _sparkline(figure))),
                height=_HEIGHT + (_AXIS if figure.along else 0),
                alt=_alternative(figure),
            )
    if figure.page:
        st.page_link(
            path_of(figure.page),
            label=figure.link,
            icon=":material/arrow_forward:",
            query_params=dict(figure.query) or None,
        )


def _points(figure: Figure) -> pd.DataFrame:
    last = len(figure.trend) - 1
    return pd.DataFrame(
        [
            {
                "when": when,
                "value": value,
                "is_full": not figure.is_course or number == last,
            }
            for number, (when, value) in enumerate(figure.trend)
        ]
    )


def _sparkline(figure: Figure) -> Spec:
    """Return a bar for each span, the last in full colour; without zoom by accident."""
    highest = max(1e-9, *(value for __, value in figure.trend)) * _ROOM
    width = {"size": _WIDEST} if len(figure.trend) <= _FEW else {}
    scale = {"domain": [0, highest]}
    bars = {
        "mark": mark("bar", **width),
        "encoding": {
            "x": nominal("when", sort=None, axis=_LABELS if figure.along else None),
            "y": quantitative("value", axis=None, scale=scale),
            "opacity": _FULL_OR_PALE,
            "tooltip": [
                nominal("when", title=figure.along or _("When")),
                quantitative("value", title=figure.label, format=",.3~g"),
            ],
        },
    }
    return {"layer": [bars]}


def _alternative(figure: Figure) -> str:
    """Describe the bars for those who do not see them."""
    if not figure.is_course:
        bars = (f"{of}: {_number(value)}{figure.unit}" for of, value in figure.trend)
        return f"{figure.label}. {', '.join(bars)}"
    (first, __), (last, newest) = figure.trend[0], figure.trend[-1]
    values = [value for __, value in figure.trend]
    return _(
        "{label} from {first} to {last}: between {least} and {most}{unit}, most "
        "recently {newest}{unit}."
    ).format(
        label=figure.label,
        first=first,
        last=last,
        least=_number(min(values)),
        most=_number(max(values)),
        unit=figure.unit,
        newest=_number(newest),
    )


def _number(value: float) -> str:
    """Write a number with as many decimals as are significant."""
    if value == int(value):
        return decimal(value)
    return decimal(value, max(0, _FIGURES - 1 - floor(log10(abs(value)))))
