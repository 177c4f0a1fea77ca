"""The result of a query: the rows that may be disclosed, sorted and cut."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import eq, ge, gt, le, lt, ne
from typing import Final

from services.analytics.cohorts import tables
from services.analytics.figures import FigureCell, FigureMeasure
from services.analytics.queries.model import Content, Query
from services.lists.table_files import Kind, Table, TableCell

_COMPARED: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "=": eq,
    "<>": ne,
    ">": gt,
    ">=": ge,
    "<": lt,
    "<=": le,
}


@dataclass(frozen=True, slots=True)
class CountedCells:
    """The numbers of a query that may be disclosed, as of `counted_at`."""

    cells: tuple[FigureCell, ...]
    smallest_group: int
    counted_at: datetime
    # Answers that were kept before there were units have none.
    unit: str = ""


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Rows below named columns; those that must not be disclosed are left out."""

    text: str
    columns: Mapping[str, Kind]
    rows: tuple[tuple[TableCell, ...], ...]
    smallest_group: int
    counted_at: datetime
    unit: str
    # Of all rows that may be disclosed; those in `rows` are the first of them.
    number_of_rows: int
    # How many values of a grouped column have a row at most; None if all of them have.
    most_values: int | None

    def to_table(self) -> Table:
        """Return the rows as a table for files."""
        about = {
            "sql": self.text,
            "counted_at": self.counted_at.isoformat(),
            "smallest_group": str(self.smallest_group),
            "number_of_rows": str(self.number_of_rows),
        }
        if self.most_values is not None:
            about["most_values"] = str(self.most_values)
        if self.unit:
            about["unit"] = self.unit
        return Table(self.columns, self.rows, about)


def result_of(query: Query, counted: CountedCells) -> QueryResult:
    """Return what a query asks for, from the numbers that may be disclosed.

    A hidden group has no row: one that said so would reveal that somebody is in it.
    Without ORDER BY, rows are sorted by what they are grouped by.
    """
    cells = [cell for cell in _in_order(query, counted) if _is_above(query, cell)]
    rows = [
        tuple(_content(cell, column.content) for column in query.columns)
        for cell in cells
    ]
    for ordering in reversed(query.order):
        known = [row for row in rows if row[ordering.column] is not None]
        unknown = [row for row in rows if row[ordering.column] is None]
        place = ordering.column
        known.sort(key=lambda row, at=place: row[at], reverse=ordering.is_descending)  # type: ignore[misc]
        rows = [*known, *unknown]
    return QueryResult(
        query.text,
        {column.name: _kind(query, column.content) for column in query.columns},
        tuple(rows[: query.limit]),
        counted.smallest_group,
        counted.counted_at,
        counted.unit,
        len(rows),
        tables.MOST_VALUES if tables.OPEN_DIMENSIONS & set(query.counted.by) else None,
    )


def _in_order(query: Query, counted: CountedCells) -> list[FigureCell]:
    """Return the cells in an order that reveals nothing about what is in others.

    As they were counted, others are at the place of the first value that few had.
    """
    return sorted(
        counted.cells,
        key=lambda cell: [
            (dimension in tables.OPEN_DIMENSIONS and value == tables.OTHERS, value)
            for dimension, value in zip(query.counted.by, cell.values, strict=True)
        ],
    )


def _is_above(query: Query, cell: FigureCell) -> bool:
    for threshold in query.thresholds:
        number = _content(cell, threshold.content)
        if not isinstance(number, int | float):
            return False
        if not _COMPARED[threshold.operator](number, threshold.number):
            return False
    return True


def _content(cell: FigureCell, content: Content | int) -> TableCell:
    if isinstance(content, int):
        return cell.values[content]
    if content is Content.NUMBER:
        return cell.number
    number: float | None = getattr(cell.distribution, content.value, None)
    return number


def _kind(query: Query, content: Content | int) -> Kind:
    if isinstance(content, int):
        return str
    is_distribution = query.counted.measure is FigureMeasure.DISTRIBUTION
    return float if is_distribution and content is not Content.NUMBER else int
