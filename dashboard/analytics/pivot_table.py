"""A figure by two dimensions as a table of rows and columns, with totals if any."""

from collections.abc import Callable

import pandas as pd

from dashboard.analytics.cohort_charts import number_text, percent_text
from dashboard.ui.language import gettext as _
from services.analytics.cohorts import Dimension
from services.analytics.figures import Chart, FigureCell, FigureMeasure, FigureResult
from services.analytics.figures.drawing import SHARES


def is_pivot(result: FigureResult) -> bool:
    """Return whether a figure is shown as a table of rows and columns.

    Means and percentiles are several numbers in a group, which no cell could hold.
    """
    figure = result.figure
    if figure.measure is FigureMeasure.DISTRIBUTION or not figure.by[1:]:
        return False
    return bool(result.totals) or figure.chart is Chart.TABLE


def pivot_of(
    result: FigureResult, name: str, value: Callable[[Dimension, str], str]
) -> pd.DataFrame:
    """Return the first field's values as rows and the second's as columns.

    `name` heads the first column; `value` writes a field's value.
    """
    down, across = result.figure.by
    rows = list(dict.fromkeys(cell.values[0] for cell in result.cells))
    columns = list(dict.fromkeys(cell.values[1] for cell in result.cells))
    cells = {cell.values: cell for cell in (*result.cells, *result.totals)}
    total = _("Total")
    totals = [""] if result.totals else []
    return pd.DataFrame(
        [
            {name: value(down, row) if row else total}
            | {
                value(across, column) if column else total: _cell_text(
                    result, cells.get((row, column))
                )
                for column in (*columns, *totals)
            }
            for row in (*rows, *totals)
        ]
    )


def _cell_text(result: FigureResult, cell: FigureCell | None) -> str:
    if result.figure.measure in SHARES:
        return percent_text(cell.share if cell else None)
    return number_text(cell.number if cell else None)
