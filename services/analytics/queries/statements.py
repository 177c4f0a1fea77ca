"""A query as one statement, built from what was understood of it."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    FromClause,
    Select,
    cast,
    distinct,
    func,
    select,
)

from services.analytics.cohorts.statements import (
    event_hash,
    gathered,
    own_pair,
    patient_hash,
)
from services.analytics.figures import FigureMeasure
from services.analytics.queries.model import Counted, Spread


def statement_of(counted: Counted) -> Select[Any]:
    """Return the one statement that a query is run as."""
    if counted.spread is not None:
        return spread(counted, counted.spread)
    return counts(counted)


def counts(counted: Counted) -> Select[Any]:
    """Select a row for each class of rows: the values, who is in it, and the events.

    Where patients are counted they are the last column: events are many, and to sort
    them takes longer than all else.
    """
    members = [patient_hash(counted.first.c.patient_id)]
    if counted.measure is FigureMeasure.EVENTS:
        members.append(event_hash(counted.view, counted.first))
    values = _values(counted)
    return (
        select(*values, *(gathered(distinct(func.int8send(each))) for each in members))
        .select_from(counted.rows)
        .where(*counted.conditions)
        .group_by(*values)
        .order_by(*values)
    )


def spread(counted: Counted, of: Spread) -> Select[Any]:
    """Select the mean of each patient's events by class of rows and unit.

    An event counts once, however many rows of other views it is joined with: else a
    join would weigh it.
    """
    values = _values(counted)
    event: ColumnElement[int] = event_hash(counted.view, counted.first)
    rows = (
        select(
            *values,
            of.unit.label("unit"),
            counted.first.c.patient_id,
            event.label("event"),
            of.number.label("number"),
        )
        .select_from(counted.rows)
        .where(*counted.conditions, of.number.is_not(None))
        .distinct()
        .cte("rows")
    )
    own = _own(rows, len(values)).cte("own")
    split = [*_split(own, len(values)), own.c.unit]
    return (
        select(*split, gathered(own_pair(own.c.patient_id, own.c.number)))
        .group_by(*split)
        .order_by(*split)
    )


def _own(rows: FromClause, width: int) -> Select[Any]:
    columns = [*_split(rows, width), rows.c.unit, rows.c.patient_id]
    return select(
        *columns, cast(func.avg(rows.c.number), Double).label("number")
    ).group_by(*columns)


def _split(rows: FromClause, width: int) -> list[ColumnElement[str]]:
    return [rows.c[f"value_{place}"] for place in range(width)]


def _values(counted: Counted) -> list[Any]:
    return [value.label(f"value_{place}") for place, value in enumerate(counted.values)]
