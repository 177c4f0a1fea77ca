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
    """The text is not a query that can be counted; the sentence says what to write."""

    def __init__(self, sentence: str) -> None:
        super().__init__("sql", sentence)


class Content(StrEnum):
    """What a column of the result is, unless rows are grouped by it.

    A mean and percentiles have the names that they have in a figure's distribution.
    """

    NUMBER = "number"
    MEAN = "mean"
    P25 = "p25"
    MEDIAN = "median"
    P75 = "p75"
    P90 = "p90"


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """A column of the result: a measure, or the index of a grouped column."""

    name: str
    content: Content | int


@dataclass(frozen=True, slots=True)
class Threshold:
    """A condition on a disclosed number of a row; a hidden number does not meet it."""

    content: Content
    operator: str
    number: float


@dataclass(frozen=True, slots=True)
class Ordering:
    """The column of the result by which rows are sorted."""

    column: int
    is_descending: bool


@dataclass(frozen=True, slots=True)
class DistributionSpec:
    """The column of which a mean or percentiles are asked for, and its unit."""

    quantity: Quantity
    number: ColumnElement[Any]
    unit: ColumnElement[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountSpec:
    """What is counted in the database, with everything typed bound.

    `rows` are those of all views, in which `first` are those of `view`. Each of
    `values` is text, by the dimension at its index. In `joined`, which has to be met as
    well as `conditions`, OR and NOT join what few might decide about.
    """

    view: TableClause
    first: FromClause
    rows: FromClause
    conditions: tuple[ColumnElement[bool], ...]
    by: tuple[Dimension, ...]
    values: tuple[ColumnElement[str], ...]
    measure: FigureMeasure
    distribution: DistributionSpec | None
    joined: Condition | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A text that was understood: what it counts, and how the disclosed part is shown.

    Rows are left out, sorted and cut once it is known which numbers may be disclosed,
    so that HAVING, ORDER BY and LIMIT reveal nothing about those that may not.
    """

    text: str
    counted: CountSpec
    columns: tuple[OutputColumn, ...]
    thresholds: tuple[Threshold, ...]
    order: tuple[Ordering, ...]
    limit: int
