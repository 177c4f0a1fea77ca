"""Statements that select classes, events and quantities of a cohort's patients."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Double,
    FromClause,
    Select,
    and_,
    cast,
    false,
    func,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.sql.selectable import CompoundSelect

from services.analytics.cohorts.model import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.cohorts.statements.dimensions import (
    PATIENT_COLUMNS,
    SPLIT_COLUMNS,
    as_text,
    raw_columns_of,
    raw_value,
    raw_values,
    texts_of,
)
from services.analytics.cohorts.statements.evaluation import (
    evaluate_steps,
    number_passed,
    steps_of,
    variations_of,
)
from services.analytics.cohorts.statements.event_conditions import (
    event_rows_of,
    is_match,
)
from services.analytics.cohorts.statements.hashes import (
    concatenated,
    event_hash,
    patient_hash,
    patient_hashes_of,
    patient_value_bytes,
)
from services.analytics.cohorts.statements.sources import SOURCES, is_dated_event


def select_classes(cohort: Cohort, *, with_variations: bool = False) -> Select[Any]:
    """Select a row for each class of patients that the cohort's counts distinguish.

    The columns are the split values as text, how many steps were passed one after the
    other, how many patients there are, and the hashes of their ids in bytes. With
    variations, the number of steps passed in each of these comes last. Everything typed
    is bound.
    """
    evaluated = evaluate_steps(cohort)
    number = len(variations_of(cohort)) if with_variations else 0
    return _select_classes(evaluated, cohort, cohort.split_by, number)


def _select_classes(
    evaluated: CTE,
    cohort: Cohort,
    split_by: Sequence[Dimension],
    number_varied: int,
    *before: ColumnElement[Any],
) -> Select[Any]:
    """Select classes as `select_classes` does, after other columns."""
    raw = [raw_value(evaluated, dimension) for dimension in split_by]
    values = [
        as_text(value, dimension).label(f"value_{place}")
        for place, (value, dimension) in enumerate(zip(raw, split_by, strict=True))
    ]
    passed = number_passed(steps_of(evaluated, cohort)).label("passed")
    varied = [
        number_passed(steps_of(evaluated, cohort, variation)).label(
            f"passed_{variation}"
        )
        for variation in range(number_varied)
    ]
    split: list[ColumnElement[Any]] = [*raw, passed, *varied]
    counted = (func.count(), patient_hashes_of(evaluated))
    columns: list[ColumnElement[Any]] = [*values, passed, *counted, *varied]
    return select(*before, *columns).select_from(evaluated).group_by(*split)


def _add_classes(
    selected: Select[Any], evaluated: CTE, cohort: Cohort
) -> CompoundSelect[Any]:
    """Add the classes of a cohort by sex to a statement, in rows of their own.

    This way its patients are looked up only once. In such a row all columns of the
    statement are empty, and in all other rows those of the classes.
    """
    before = (null() for _ in selected.selected_columns)
    number = len(variations_of(cohort))
    classes = _select_classes(evaluated, cohort, (Dimension.SEX,), number, *before)
    after = (null() for _ in range(width_of_classes(cohort)))
    return union_all(selected.add_columns(*after), classes)


def width_of_classes(cohort: Cohort) -> int:
    """Return how many columns the classes by sex add to the other rows.

    They are the sex, the steps passed, how many and who, and the steps passed in each
    variation.
    """
    return 4 + len(variations_of(cohort))


def select_remaining(cohort: Cohort) -> Select[UUID]:
    """Select the patients who came in and passed every step."""
    evaluated = evaluate_steps(cohort)
    return select(evaluated.c.patient_id).where(true(), *steps_of(evaluated, cohort))


def select_events(
    cohort: Cohort,
    event: CohortEvent,
    split_by: Sequence[Dimension],
    *,
    numerator: CohortEvent | None = None,
    with_classes: bool = True,
) -> Select[Any] | CompoundSelect[Any]:
    """Select a row for each class of matching events of those who remain in a cohort.

    The columns are the split values as text, with a `numerator` whether the events
    match it as well, the patients as in `select_classes`, and a hash of each event,
    whose first bits are those of its patient's. Hashes may repeat:
    PostgreSQL would have to sort them to remove duplicates. The same event of a patient
    twice on one day, for visits in one hour, is one event. In cohorts with steps, those
    who remain in a variation only have rows of their own: the last column says who
    remains. The classes of the cohort are added unless `with_classes` is False.
    """
    evaluated = evaluate_steps(cohort, PATIENT_COLUMNS)
    view = SOURCES[event.kind].view

    def columns_of(source: FromClause) -> list[Any]:
        return [
            *_is_in_numerator(numerator, source),
            patient_hash(source.c.patient_id).label("patient"),
            event_hash(view, source).label("event"),
        ]

    happened = _select_matching_events(
        cohort, event, split_by, evaluated, columns=columns_of
    ).subquery("happened")
    remains = _columns_of(happened, _remains(evaluated, cohort))
    is_counted = _columns_of(happened, _is_in_numerator(numerator, view))
    columns = [
        *texts_of(happened, split_by),
        *is_counted,
        concatenated(func.int8send(happened.c.patient)),
        concatenated(func.int8send(happened.c.event)),
        *remains,
    ]
    split = [*raw_columns_of(happened, split_by), *is_counted, *remains]
    grouped = select(*columns).group_by(*split)
    return _add_classes(grouped, evaluated, cohort) if with_classes else grouped


def _is_in_numerator(numerator: CohortEvent | None, source: FromClause) -> list[Any]:
    """Return a column that says which events a proportion counts; none without one."""
    if numerator is None:
        return []
    return [func.coalesce(is_match(numerator, source), false()).label("is_counted")]


def _select_matching_events(
    cohort: Cohort,
    event: CohortEvent,
    split_by: Sequence[Dimension],
    evaluated: CTE,
    *,
    columns: Callable[[FromClause], list[Any]],
    is_wanted: Callable[[FromClause], ColumnElement[bool]] = lambda _: true(),
) -> Select[Any] | CompoundSelect[Any]:
    """Select the matching events of those who remain, or would in a variation.

    The columns are the split values, not yet as text, the given columns, and who
    remains.
    """
    remains = _remains(evaluated, cohort)
    parts = [
        select(
            *raw_values(split_by, part.source, evaluated),
            *columns(part.source),
            *remains,
        )
        .select_from(part.source)
        .join(evaluated, evaluated.c.patient_id == part.source.c.patient_id)
        .where(
            _remains_in_any(evaluated, cohort),
            part.source.c.occurred_on.is_not(None),
            part.condition,
            is_wanted(part.source),
        )
        for part in event_rows_of(event)
    ]
    first, *more = parts
    return union_all(*parts) if more else first


def select_quantities(
    cohort: Cohort,
    event: CohortEvent | None,
    split_by: Sequence[Dimension],
    quantity: str,
) -> CompoundSelect[Any]:
    """Select a quantity of each patient who remains, by classes.

    It is that of the first event or, with `event`, the mean over all the patient's
    events that match it. The columns are the split values as text, the unit, and 16
    bytes for each patient: the hash, and the quantity as a float. Then come who remains
    and the classes of the cohort, as in `select_events`.
    """
    own_of = partial(_value_columns, quantity=quantity)
    if event is None:
        wanted = PATIENT_COLUMNS.union(SPLIT_COLUMNS[name] for name in split_by)
        evaluated = evaluate_steps(cohort, wanted, quantity)
        rows: Select[Any] | CompoundSelect[Any] = select(
            *raw_values(split_by, evaluated, evaluated),
            *own_of(evaluated),
            *_remains(evaluated, cohort),
        ).where(_remains_in_any(evaluated, cohort), evaluated.c[quantity].is_not(None))
    else:
        evaluated = evaluate_steps(cohort, PATIENT_COLUMNS)
        rows = _select_matching_events(
            cohort,
            event,
            split_by,
            evaluated,
            columns=own_of,
            is_wanted=lambda source: source.c[quantity].is_not(None),
        )
    happened = rows.subquery("happened")
    remains = _columns_of(happened, _remains(evaluated, cohort))
    split = [*raw_columns_of(happened, split_by), happened.c.unit, *remains]
    mean = cast(func.avg(happened.c.number), Double).label("number")
    own = (
        select(*split, happened.c.patient_id, mean)
        .group_by(*split, happened.c.patient_id)
        .cte("own")
    )
    remains = _columns_of(own, remains)
    pairs = concatenated(patient_value_bytes(own.c.patient_id, own.c.number))
    grouped = select(*texts_of(own, split_by), own.c.unit, pairs, *remains).group_by(
        *raw_columns_of(own, split_by), own.c.unit, *remains
    )
    return _add_classes(grouped, evaluated, cohort)


def _value_columns(source: FromClause, *, quantity: str) -> list[Any]:
    unit = func.coalesce(source.c.unit if "unit" in source.c else None, "")
    return [unit.label("unit"), source.c.patient_id, source.c[quantity].label("number")]


def select_members_by_term(kind: EventKind) -> Select[Any]:
    """Select who had dated events of a kind, by the term of these.

    The columns are the term in its compared and in its written form, the commonest
    writing first, how many events there are, and a hash of the patient of each.
    """
    source = SOURCES[kind].view
    number = func.count()
    written = (source.c.term_key, source.c.term)
    return (
        select(*written, number, patient_hashes_of(source))
        .where(*is_dated_event(kind))
        .group_by(*written)
        .order_by(source.c.term_key, number.desc(), source.c.term)
    )


def _columns_of(rows: FromClause, named: Sequence[Any]) -> list[Any]:
    return [rows.c[each.name] for each in named]


def _remains(evaluated: CTE, cohort: Cohort) -> list[Any]:
    """Return a column that says who remains; none if the cohort has no steps."""
    if not cohort.steps:
        return []
    return [and_(true(), *steps_of(evaluated, cohort)).label("remains")]


def _remains_in_any(evaluated: CTE, cohort: Cohort) -> ColumnElement[bool]:
    """Return the condition that a patient remains, or would in a variation."""
    number = len(variations_of(cohort))
    return or_(
        and_(true(), *steps_of(evaluated, cohort)),
        *(and_(true(), *steps_of(evaluated, cohort, each)) for each in range(number)),
    )
