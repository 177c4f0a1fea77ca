"""What stands below every chart: its numbers as a table, as CSV, and it as a picture.

All of it is made in the browser of what the chart shows anyway, so that no server is
asked. The picture is the one that Streamlit's own toolbar makes, in the theme and with
the fonts of the page; a renderer on our side would draw another one.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pandas as pd
import streamlit as st

from dashboard.ui.scripts import ELEMENTS, read_script
from services.lists.csv_cells import escape_formula

_HERE: Final = Path(__file__).parent
# The file has all of them.
_MOST_SHOWN: Final = 200
_BARE: Final = "_bare_chart"

_mount = st.components.v2.component(
    "chartroom.chart_tools",
    css=(_HERE / "tools.css").read_text(encoding="utf-8"),
    js=read_script(ELEMENTS, _HERE / "tools.js"),
)


@contextmanager
def chart_box(
    name: str, numbers: pd.DataFrame, *, key: str, filed: pd.DataFrame | None = None
) -> Iterator[None]:
    """Draw below the one chart that is drawn inside the ways to its `numbers`.

    `name` is what the chart is called, also in the names of the files; `filed` are the
    numbers as the CSV has them, unless that is as they are shown. Not for charts of one
    patient, whose values leave as files only where the reason is asked for.
    """
    with st.container(key=_frame(key), gap="xsmall"):
        yield
        _draw(name, numbers, filed, key=key)


@contextmanager
def choosing_box(
    name: str,
    numbers: pd.DataFrame,
    *,
    key: str,
    choose: str,
    choosable: Collection[str] | None = None,
    filed: pd.DataFrame | None = None,
) -> Iterator[Callable[[], str | None]]:
    """Draw a `chart_box` in whose table a row can be chosen, as a bar in its chart.

    What was clicked is asked afterwards, by what is yielded: the row's first cell.
    `choose` says what a click does, such as "Show only". Unless it does so for every
    row, `choosable` are the first cells of those that it does it for.
    """
    chosen: list[str] = []
    with st.container(key=_frame(key), gap="xsmall"):
        yield lambda: next(iter(chosen), None)
        picked = _draw(
            name, numbers, filed, key=key, choose=choose, choosable=choosable
        )
        if picked:
            chosen.append(picked)


@contextmanager
def bare_box(key: str) -> Iterator[None]:
    """Draw a chart inside without the toolbar that Streamlit lays over every chart.

    For charts that show patients, one or by name: the toolbar shows and saves their
    values, which leave as files only where the reason is asked for. Each page's style
    (`bar.js` beside the session's watch) hides it in a container whose key ends so.
    """
    with st.container(key=f"{key}{_BARE}"):
        yield


def _draw(
    name: str,
    numbers: pd.DataFrame,
    filed: pd.DataFrame | None,
    *,
    key: str,
    choose: str = "",
    choosable: Collection[str] | None = None,
) -> str | None:
    header, *rows = _lines_of(numbers)
    lines = [header, *rows] if filed is None else _lines_of(filed)
    firsts = [row[0] for row in rows] if choosable is not None else []
    drawn = {
        "name": name,
        "frame": f"st-key-{_frame(key)}",
        "header": header,
        "rows": rows[-_MOST_SHOWN:],
        "left_out": max(0, len(rows) - _MOST_SHOWN),
        "csv": "".join(map(_line, lines)),
        "choose": choose,
        "fixed": [first for first in firsts if first not in (choosable or ())],
    }
    result = _mount(
        key=f"{key}_tools",
        data=json.dumps(drawn).encode(),
        on_chosen_change=_nothing,
    )
    return None if result.chosen is None else str(result.chosen)


def _frame(key: str) -> str:
    return f"{key}_box"


def _lines_of(numbers: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return the names of the columns, then the cells of each row.

    Column by column: a page draws thousands of cells anew with each look at it.
    """
    header = tuple(str(column) for column in numbers.columns)
    columns = [_texts(numbers.iloc[:, place]) for place in range(len(header))]
    return [header, *zip(*columns, strict=True)]


def _texts(cells: Iterable[object]) -> list[str]:
    return [
        "" if cell is None or cell != cell else str(cell)  # noqa: PLR0124 - NaN
        for cell in cells
    ]


def _line(cells: Iterable[str]) -> str:
    quoted = [escape_formula(cell).replace('"', '""') for cell in cells]
    return ",".join([f'"{cell}"' for cell in quoted]) + "\r\n"


def _nothing() -> None:
    """Take part in the protocol: a trigger needs a callback to be reported at all."""
