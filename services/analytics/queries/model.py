"""What a query is once it was read: whom it counts, by what, and how it is shown."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, TableClause

from services.analytics.cohorts import Dimension
from services.analytics.figures import FigureMeasure, Quantity
from services.analytics.joined_conditions import Condition
from services.core.errors import InvalidInput

LONGEST_TEXT: Final = 4_000
MOST_SOURCES: Final = 4
MOST_CONDITIONS: Final = 50
MOST_GROUPS: Final = 2
MOST_ROWS: Final = 1_000


class QueryRefused(InvalidInput):
    """A text that is no query which can be counted, and what to write instead."""

    def __init__(self, sentence: str) -> None:
        super().__init__("sql", sentence)


class Content(StrEnum):
    """What a column of the result is, if it is not what rows are grouped by.

    Those of a mean and of percentiles are called as in a figure's distribution.
    """

    NUMBER = "number"
    MEAN = "mean"
    P25 = "p25"
    MEDIAN = "median"
    P75 = "p75"
    P90 = "p90"


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """A column of the result: a measure, or the place of what rows are grouped by."""

    name: str
    content: Content | int


@dataclass(frozen=True, slots=True)
class Threshold:
    """That a number in a row which is told is so; what is not told is not."""

    content: Content
    operator: str
    number: float


@dataclass(frozen=True, slots=True)
class Ordering:
    """By which column of the result rows are sorted."""

    column: int
    is_descending: bool


@dataclass(frozen=True, slots=True)
class Spread:
    """The column of which a mean or percentiles are asked, and its unit."""

    quantity: Quantity
    number: ColumnElement[Any]
    unit: ColumnElement[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What is counted in the database, with everything typed bound.

    `rows` are of all views, those of `view` in it being `first`; each of `values` is
    text, by the dimension in its place. In `joined`, which is met besides the
    `conditions`, OR and NOT join what few might decide of.
    """

    view: TableClause
    first: FromClause
    rows: FromClause
    conditions: tuple[ColumnElement[bool], ...]
    by: tuple[Dimension, ...]
    values: tuple[ColumnElement[str], ...]
    measure: FigureMeasure
    spread: Spread | None = None
    joined: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A text that was understood: what it counts, and how what may be told is shown.

    Rows are left out, sorted and cut once it is known which numbers may be told, so
    neither HAVING nor ORDER BY nor LIMIT says anything of those that may not.
    """

    text: str
    counted: Counted
    columns: tuple[OutputColumn, ...]
    thresholds: tuple[Threshold, ...] = ()
    order: tuple[Ordering, ...] = ()
    limit: int = MOST_ROWS
