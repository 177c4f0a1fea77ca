"""A figure by two dimensions as a table of rows and columns, with totals."""

from collections.abc import Callable

import pandas as pd

from dashboard.analytics.cohort_charts import number_text
from dashboard.ui.language import gettext as _
from dashboard.ui.record_table import Cell, Column, Row, payload_of, record_table
from services.analytics.cohorts import Dimension
from services.analytics.figures import FigureResult


def pivot_of(
    result: FigureResult, name: str, value: Callable[[Dimension, str], str]
) -> pd.DataFrame:
    """Return the first field's values as rows and the second's as columns.

    `name` heads the first column; `value` writes a field's value.
    """
    down, across = result.figure.by
    rows = list(dict.fromkeys(cell.values[0] for cell in result.cells))
    columns = list(dict.fromkeys(cell.values[1] for cell in result.cells))
    numbers = {cell.values: cell.number for cell in (*result.cells, *result.totals)}
    total = _("Total")
    return pd.DataFrame(
        [
            {name: value(down, row) if row else total}
            | {
                value(across, column) if column else total: number_text(
                    numbers.get((row, column))
                )
                for column in (*columns, "")
            }
            for row in (*rows, "")
        ]
    )


def show_pivot(frame: pd.DataFrame, *, name: str, key: str) -> None:
    """Show the table, which scrolls by itself if it is wide."""
    columns = [Column(str(title)) for title in frame.columns]
    rows = [
        Row(str(place), tuple(Cell(str(text)) for text in texts))
        for place, texts in enumerate(frame.itertuples(index=False))
    ]
    record_table(payload_of(columns, rows, name=name, is_grid=True), key=key)
