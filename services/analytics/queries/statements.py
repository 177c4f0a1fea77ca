"""A query as a single statement, built from what was understood of it."""

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Double,
    FromClause,
    Select,
    cast,
    distinct,
    func,
    literal_column,
    null,
    select,
    union_all,
)
from sqlalchemy.sql.selectable import CompoundSelect

from services.analytics.cohorts.statements import (
    concatenated,
    event_hash,
    patient_hash,
    patient_value_bytes,
)
from services.analytics.figures import FigureMeasure
from services.analytics.joined_conditions import (
    Condition,
    render,
    signature,
    variations,
)
from services.analytics.queries.model import CountSpec, DistributionSpec


def select_counted(counted: CountSpec) -> Select[Any] | CompoundSelect[Any]:
    """Return the single statement that a query is run as."""
    if counted.distribution is not None:
        return select_distributions(counted, counted.distribution)
    return select_counts(counted)


def select_counts(counted: CountSpec) -> Select[Any]:
    """Select a row for each class of rows: the values, who is in it, and the events.

    Where patients are counted, they are the last column: there are many events, and
    sorting them takes longer than all else. Where OR or NOT joins conditions, the
    signature of the class comes after the values; its lowest bit says whether the class
    is in the answer.
    """
    is_of_events = counted.measure is FigureMeasure.EVENTS
    hashes = [patient_hash(counted.first.c.patient_id).label("patient")]
    if is_of_events:
        hashes.append(event_hash(counted.view, counted.first).label("event"))
    if counted.joined is not None:
        return _joined_counts(counted, counted.joined, hashes)
    values = _values(counted)
    return (
        select(
            *values, *(concatenated(distinct(func.int8send(each))) for each in hashes)
        )
        .select_from(counted.rows)
        .where(*counted.conditions)
        .group_by(*values)
        .order_by(*values)
    )


def _joined_counts(
    counted: CountSpec, joined: Condition, hashes: list[Any]
) -> Select[Any]:
    met = _select_with_signature(counted, joined, *hashes)
    split = [*_split(met, len(counted.by)), met.c.signature]
    hashed = [met.c[each.name] for each in hashes]
    return (
        select(
            *split, *(concatenated(distinct(func.int8send(each))) for each in hashed)
        )
        .where(met.c.signature != 0)
        .group_by(*split)
        .order_by(*split)
    )


def select_distributions(
    counted: CountSpec, of: DistributionSpec
) -> Select[Any] | CompoundSelect[Any]:
    """Select the mean of each patient's events, by class of rows and unit.

    An event counts once, however many rows of other views it is joined with: otherwise
    a join would weight it. Where OR or NOT joins conditions, the events that meet them
    are added: the last column is then a signature as in `select_counts`, and empty in
    the rows of means.
    """
    event: ColumnElement[int] = event_hash(counted.view, counted.first)
    columns = [
        of.unit.label("unit"),
        counted.first.c.patient_id,
        event.label("event"),
        of.number.label("number"),
    ]
    is_there = of.number.is_not(None)
    if counted.joined is None:
        rows = (
            select(*_values(counted), *columns)
            .select_from(counted.rows)
            .where(*counted.conditions, is_there)
            .distinct()
            .cte("rows")
        )
        return _means(rows, len(counted.by))
    met = _select_with_signature(counted, counted.joined, *columns, is_there=is_there)
    split = [*_split(met, len(counted.by)), met.c.unit]
    rows = (
        select(*split, met.c.patient_id, met.c.event, met.c.number)
        .where(_is_in_answer(met))
        .distinct()
        .cte("rows")
    )
    means = _means(rows, len(counted.by)).order_by(None)
    classes = [*split, met.c.signature]
    events = concatenated(distinct(func.int8send(met.c.event)))
    return union_all(
        means.add_columns(cast(null(), met.c.signature.type).label("signature")),
        select(*split, events, met.c.signature)
        .where(met.c.signature != 0)
        .group_by(*classes),
    )


def _means(rows: FromClause, width: int) -> Select[Any]:
    own = _own(rows, width).cte("own")
    split = [*_split(own, width), own.c.unit]
    return (
        select(
            *split, concatenated(patient_value_bytes(own.c.patient_id, own.c.number))
        )
        .group_by(*split)
        .order_by(*split)
    )


def _select_with_signature(
    counted: CountSpec,
    joined: Condition,
    *columns: Any,
    is_there: ColumnElement[bool] | None = None,
) -> CTE:
    """Return all rows by the other conditions, each with the joined ones that it meets.

    It is materialized: inlined, each condition would be evaluated at every mention.
    """
    bits = signature(render(joined), *variations(joined)).label("signature")
    more = [] if is_there is None else [is_there]
    return (
        select(*_values(counted), *columns, bits)
        .select_from(counted.rows)
        .where(*counted.conditions, *more)
        .cte("met")
        .prefix_with("MATERIALIZED")
    )


def _is_in_answer(met: CTE) -> ColumnElement[bool]:
    lowest: ColumnElement[int] = met.c.signature.op("&")(literal_column("1"))
    return lowest != 0


def _own(rows: FromClause, width: int) -> Select[Any]:
    columns = [*_split(rows, width), rows.c.unit, rows.c.patient_id]
    return select(
        *columns, cast(func.avg(rows.c.number), Double).label("number")
    ).group_by(*columns)


def _split(rows: FromClause, width: int) -> list[ColumnElement[str]]:
    return [rows.c[f"value_{place}"] for place in range(width)]


def _values(counted: CountSpec) -> list[Any]:
    return [value.label(f"value_{place}") for place, value in enumerate(counted.values)]
