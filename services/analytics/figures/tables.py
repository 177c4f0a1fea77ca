"""A figure as a table of plain columns, for files and programs."""

from dataclasses import astuple, fields
from typing import Final

from services.analytics.cohorts import Dimension
from services.analytics.figures.distributions import Distribution
from services.analytics.figures.model import FigureCell, FigureMeasure, FigureResult
from services.lists.table_files import Kind, Table, TableCell

_SHARE: Final[dict[str, Kind]] = {"entered": int, "remaining": int, "share": float}
_PROPORTION: Final[dict[str, Kind]] = {
    "denominator": int,
    "numerator": int,
    "proportion": float,
}
_DISTRIBUTION_COLUMNS: Final[dict[str, Kind]] = {
    "patients": int,
    **{field.name: float for field in fields(Distribution)},
}


def table_of(result: FigureResult) -> Table:
    """Return a row for each group, then one for each total.

    The first columns are what the figure is split by, empty where a total sums it up. A
    hidden number is empty.
    """
    measured = _measured(result.figure.measure)
    rows = [
        (*(value or None for value in cell.values), *_numbers(result, cell))
        for cell in (*result.cells, *result.totals)
    ]
    about = {
        "sentence": result.sentence,
        "counted_at": result.counted_at.isoformat(),
        "smallest_group": str(result.smallest_group),
    }
    if result.unit:
        about["unit"] = result.unit
    split: dict[str, Kind] = {_column(each): str for each in result.figure.by}
    return Table(split | measured, rows, about)


def _measured(measure: FigureMeasure) -> dict[str, Kind]:
    match measure:
        case FigureMeasure.SHARE:
            return _SHARE
        case FigureMeasure.PROPORTION:
            return _PROPORTION
        case FigureMeasure.DISTRIBUTION:
            return _DISTRIBUTION_COLUMNS
    return {measure.value: int}


def _numbers(result: FigureResult, cell: FigureCell) -> tuple[TableCell, ...]:
    match result.figure.measure:
        case FigureMeasure.SHARE | FigureMeasure.PROPORTION:
            return cell.entered, cell.number, cell.share
        case FigureMeasure.DISTRIBUTION:
            return cell.number, *astuple(cell.distribution or Distribution())
    return (cell.number,)


def _column(dimension: Dimension) -> str:
    return dimension.value.replace(" ", "_")
