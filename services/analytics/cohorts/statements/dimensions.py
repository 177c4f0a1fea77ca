"""The dimensions that events are split by, as columns and as text."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    FromClause,
    Integer,
    case,
    cast,
    extract,
    func,
    literal,
    literal_column,
)

from services.analytics.cohorts import tables
from services.analytics.cohorts.model import Dimension

# The column of an event for each dimension.
SPLIT_COLUMNS: Final[Mapping[Dimension, str]] = {
    Dimension.SEX: "sex",
    Dimension.AGE_BAND: "age_band",
    Dimension.MONTH: "month",
    Dimension.QUARTER: "quarter",
    Dimension.YEAR: "quarter",
    Dimension.WEEKDAY: "occurred_on",
    Dimension.HOUR: "hour",
    Dimension.SPECIALITY: "term",
    Dimension.STATUS: "status",
    Dimension.WORDS: "term",
    Dimension.CODE: "code",
}
# Those columns that are the same in all events of a patient.
PATIENT_COLUMNS: Final = frozenset({"sex"})
_FORMATS: Final[Mapping[Dimension, str]] = {
    Dimension.MONTH: "YYYY-MM",
    Dimension.QUARTER: 'YYYY "Q"Q',
    Dimension.YEAR: "YYYY",
    Dimension.WEEKDAY: "FMDay",
    Dimension.HOUR: 'FM00":00"',
}
_DAY_BEFORE_MONDAY: Final = "date '2023-12-31'"
# Our own values, which somebody may have typed as well.
_RESERVED: Final = (tables.OTHERS, tables.NO_VALUE)


def raw_values(
    split_by: Sequence[Dimension], events: FromClause, evaluated: FromClause
) -> list[Any]:
    """Return the values that events are split by, from the cohort where it has them.

    Columns of the patient are known to the cohort. From the events, they would be read
    for every patient who had one.
    """
    return [
        raw_value(
            evaluated if SPLIT_COLUMNS[dimension] in PATIENT_COLUMNS else events,
            dimension,
        ).label(f"value_{place}")
        for place, dimension in enumerate(split_by)
    ]


def raw_columns_of(rows: FromClause, split_by: Sequence[Dimension]) -> list[Any]:
    """Return the columns that `raw_values` has labelled."""
    return [rows.c[f"value_{place}"] for place, _ in enumerate(split_by)]


def texts_of(rows: FromClause, split_by: Sequence[Dimension]) -> list[Any]:
    """Return the columns of `raw_values` as text."""
    return [
        as_text(value, dimension)
        for value, dimension in zip(
            raw_columns_of(rows, split_by), split_by, strict=True
        )
    ]


def dimension_text(events: FromClause, dimension: Dimension) -> ColumnElement[str]:
    """Return the value that events are split by, as text.

    Typed text that equals one of our own values is put in quotes: otherwise its
    patients would be counted with *others*, or with those who have none.
    """
    return as_text(raw_value(events, dimension), dimension)


def raw_value(events: FromClause, dimension: Dimension) -> ColumnElement[Any]:
    """Return the value that events are split by, one for each text that it is shown as.

    Days and hours are not text yet: grouping many events by them takes less time than
    formatting each one.
    """
    value: ColumnElement[Any] = events.c[SPLIT_COLUMNS[dimension]]
    if dimension is Dimension.YEAR:
        return func.date_trunc(literal_column("'year'"), cast(value, DateTime))
    if dimension is Dimension.WEEKDAY:
        return cast(extract("isodow", value), Integer)
    if dimension in _FORMATS:
        return value
    if dimension in tables.OPEN_DIMENSIONS:
        quoted = literal("“").concat(value).concat("”")
        value = case((value.in_(_RESERVED), quoted), else_=value)
    return func.coalesce(func.nullif(value, ""), tables.NO_VALUE)


def as_text(value: ColumnElement[Any], dimension: Dimension) -> ColumnElement[str]:
    """Return the result of `raw_value` as text."""
    if dimension not in _FORMATS:
        return value
    if dimension is Dimension.WEEKDAY:
        value = literal_column(_DAY_BEFORE_MONDAY, Date) + value
    return func.coalesce(func.to_char(value, _FORMATS[dimension]), tables.NO_VALUE)
