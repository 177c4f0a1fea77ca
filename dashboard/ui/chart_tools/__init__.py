"""What is below every chart: its numbers as a table and as CSV, and a picture of it.

Numbers that are shown as a table only, without a chart, have their CSV in the same way.

Numbers are made and sent once somebody opens the table or asks for the file: a chart
that is redrawn every few seconds would otherwise send them each time, whether or not
anybody looks at them. The picture is the one that Streamlit's own toolbar makes, in the
theme and with the fonts of the page; a renderer on the server would draw another one.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
import streamlit as st

from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import decimal
from dashboard.ui.scripts import ELEMENTS, UNSEEN, read_joined
from services.lists.csv_cells import escape_formula

_HERE: Final = Path(__file__).parent
# The file has all rows.
_MOST_SHOWN: Final = 200
_BARE: Final = "_bare_chart"
# In any language of the page.
_NUMBER: Final = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")

_mount = st.components.v2.component(
    "chartroom.chart_tools",
    css=read_joined(UNSEEN, _HERE / "tools.css"),
    js=read_joined(ELEMENTS, _HERE / "tools.js"),
)


# Makes the numbers of a chart; a fragment may call it long after the page was drawn.
Numbers = Callable[[], pd.DataFrame]


@dataclass(frozen=True, slots=True)
class _Box:
    """A chart's name and its numbers; see `choosing_box`."""

    key: str
    name: str
    numbers: Numbers
    filed: Numbers | None
    choose: str = ""
    choosable: Collection[str] | None = None
    is_table: bool = False

    @property
    def frame(self) -> str:
        return f"{self.key}_box"

    @property
    def tools(self) -> str:
        return f"{self.key}_tools"

    @property
    def chosen(self) -> str:
        return f"{self.tools}_chosen"


@contextmanager
def chart_box(
    name: str,
    numbers: Numbers,
    *,
    key: str,
    filed: Numbers | None = None,
    is_table: bool = False,
) -> Iterator[None]:
    """Draw the tools for a chart's `numbers` below the one chart that is drawn inside.

    `name` is the chart's name, also in the names of the files; `filed` are the numbers
    for the CSV, if they differ from those that are shown. Not for charts of one
    patient, whose values leave as files only where the reason is asked for. If it
    `is_table`, no chart is drawn inside: the table is always open, and there is no
    picture.
    """
    box = _Box(key, name, numbers, filed, is_table=is_table)
    with st.container(key=box.frame, gap="xsmall"):
        yield
        _draw(box)


@contextmanager
def choosing_box(
    name: str,
    numbers: Numbers,
    *,
    key: str,
    choose: str,
    choosable: Collection[str] | None = None,
    filed: Numbers | None = None,
    is_table: bool = False,
) -> Iterator[str | None]:
    """Draw a `chart_box` in whose table a row can be chosen, like a bar in its chart.

    The first cell of the row that was just chosen is yielded. `choose` says what a
    click does, such as "Show only". If it does so for some rows only, `choosable` has
    the first cells of these. `is_table` as in `chart_box`.
    """
    box = _Box(key, name, numbers, filed, choose, choosable, is_table)
    chosen = st.session_state.pop(box.chosen, None)
    with st.container(key=box.frame, gap="xsmall"):
        yield chosen
        _draw(box)


@contextmanager
def bare_box(key: str) -> Iterator[None]:
    """Draw a chart inside without the toolbar that Streamlit lays over every chart.

    For charts that show one patient, or patients by name: the toolbar shows and saves
    their values, which leave as files only where the reason is asked for. Each page's
    style (`bar.js` beside the session's watch) hides it in a container whose key ends
    so.
    """
    with st.container(key=f"{key}{_BARE}"):
        yield


@st.fragment
def _draw(box: _Box) -> None:
    """Draw the tools below a chart, and those of its numbers that were asked for.

    A fragment, so that a table needs nothing of its page to be read or drawn again.
    """
    with error_boundary():
        _mount(
            key=box.tools,
            data=json.dumps(_drawn(box)).encode(),
            on_opened_change=_nothing,
            on_csv_change=_nothing,
            on_chosen_change=lambda: _keep_chosen(box),
        )
        if box.choose and box.chosen in st.session_state:
            # The page knows what to do with it.
            st.rerun()


def _drawn(box: _Box) -> dict[str, object]:
    said = st.session_state.get(box.tools)
    # The browser sends it, so it may be anything.
    state: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
    drawn: dict[str, object] = {"name": box.name, "frame": f"st-key-{box.frame}"}
    if box.is_table:
        drawn["is_table"] = True
    if box.is_table or state.get("opened"):
        drawn["table"] = _table(box)
    if state.get("csv"):
        # Spreadsheets whose decimals have a comma read columns between semicolons.
        separator = ";" if "," in decimal(0.5, 1) else ","
        lines = _lines_of((box.filed or box.numbers)())
        drawn["csv"] = "".join(_line(cells, separator) for cells in lines)
    return drawn


def _table(box: _Box) -> dict[str, object]:
    header, *rows = _lines_of(box.numbers())
    firsts = [row[0] for row in rows] if box.choosable is not None else []
    return {
        "header": header,
        "rows": rows[-_MOST_SHOWN:],
        "left_out": max(0, len(rows) - _MOST_SHOWN),
        "choose": box.choose,
        "fixed": [first for first in firsts if first not in (box.choosable or ())],
    }


def _keep_chosen(box: _Box) -> None:
    chosen = st.session_state[box.tools].get("chosen")
    # Where no row can be chosen nobody removes it, and pages would be redrawn for ever.
    if box.choose and chosen is not None:
        st.session_state[box.chosen] = str(chosen)


def _lines_of(numbers: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return the names of the columns, then the cells of each row.

    Converted by column, because a month has thousands of cells.
    """
    header = tuple(str(column) for column in numbers.columns)
    columns = [_texts(numbers.iloc[:, place]) for place in range(len(header))]
    return [header, *zip(*columns, strict=True)]


def _texts(cells: Iterable[object]) -> list[str]:
    return [
        "" if cell is None or cell != cell else str(cell)  # noqa: PLR0124 - NaN
        for cell in cells
    ]


def _line(cells: Iterable[str], separator: str) -> str:
    quoted = [_filed(cell).replace('"', '""') for cell in cells]
    return separator.join([f'"{cell}"' for cell in quoted]) + "\r\n"


def _filed(cell: str) -> str:
    """Return a cell as its file has it; numbers with a sign are no formulas."""
    return cell if _NUMBER.fullmatch(cell) else escape_formula(cell)


def _nothing() -> None:
    """Do nothing: without a callback, Streamlit does not report the value at all."""
