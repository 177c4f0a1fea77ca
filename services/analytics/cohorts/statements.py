"""A cohort as one statement: who came in, who passed which step, counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnClause,
    ColumnElement,
    Date,
    FromClause,
    Integer,
    LargeBinary,
    Numeric,
    Select,
    String,
    TableClause,
    Uuid,
    and_,
    case,
    cast,
    column,
    exists,
    func,
    literal_column,
    or_,
    select,
    table,
    true,
)
from sqlalchemy.dialects.postgresql import distinct_on

from services.analytics.cohorts.model import (
    Cohort,
    CohortEvent,
    Dimension,
    EventKind,
    Rule,
    WindowSide,
)


def _view(name: str, *more: ColumnClause[Any]) -> TableClause:
    return table(
        name,
        column("patient_id", Uuid),
        column("sex", String),
        column("term_key", String),
        column("code", String),
        column("occurred_on", Date),
        column("quarter", Date),
        column("age", Integer),
        column("age_band", String),
        *more,
        schema="analytics",
    )


@dataclass(frozen=True, slots=True)
class _Source:
    """Where events of a kind are, and in which state a visit has to be."""

    view: TableClause
    states: tuple[str, ...] = ()


_PATIENTS: Final = table("patients", schema="analytics")
_VISITS: Final = _view("visits", column("status", String))
_SOURCES: Final[Mapping[EventKind, _Source]] = {
    EventKind.DIAGNOSIS: _Source(_view("diagnoses")),
    EventKind.MEDICATION: _Source(_view("medications")),
    EventKind.ALLERGY: _Source(_view("allergies")),
    EventKind.PROCEDURE: _Source(_view("procedures")),
    EventKind.ENCOUNTER: _Source(_view("encounters")),
    EventKind.VITAL: _Source(_view("vitals", column("value", Numeric))),
    EventKind.PRESCRIPTION: _Source(_view("prescriptions")),
    EventKind.DOCUMENT: _Source(_view("documents")),
    # Who is checked in has come.
    EventKind.VISIT: _Source(_VISITS, ("checked-in", "completed")),
    EventKind.NO_SHOW: _Source(_VISITS, ("no-show",)),
    EventKind.CANCELLATION: _Source(_VISITS, ("cancelled",)),
}


def classes(cohort: Cohort) -> Select[Any]:
    """Select a row for each class of patients that the cohort's counts tell apart.

    What it is split by as text, how many steps they passed one after the other, how
    many they are, and a hash of the id of each in bytes. Everything typed is bound.
    """
    judged = _judged(cohort, _entered(cohort).cte("entered")).cte("judged")
    values = [
        _dimension(judged, dimension).label(f"value_{place}")
        for place, dimension in enumerate(cohort.split_by)
    ]
    passed = _passed(judged, len(cohort.steps)).label("passed")
    counted = (passed, func.count(), _members(judged))
    columns: list[ColumnElement[Any]] = [*values, *counted]
    grouped = select(*columns).select_from(judged)
    return grouped.group_by(*values, passed).order_by(*values, passed)


def population() -> Select[int]:
    """Select how many patients there are."""
    return select(func.count()).select_from(_PATIENTS)


def _passed(judged: CTE, steps: int) -> ColumnElement[int]:
    failed: list[tuple[ColumnElement[bool], ColumnElement[Any]]] = [
        (~judged.c[f"step_{n}"], literal_column(str(n))) for n in range(steps)
    ]
    # Grouped by a bare number, PostgreSQL would look for a column of that place.
    everything = cast(literal_column(str(steps)), Integer)
    return case(*failed, else_=everything) if steps else everything


def _members(judged: CTE) -> ColumnElement[bytes]:
    hashed = func.uuid_hash_extended(judged.c.patient_id, literal_column("0"))
    none = literal_column("''::bytea", LargeBinary)
    return func.string_agg(func.int8send(hashed), none, type_=LargeBinary)


def _entered(cohort: Cohort) -> Select[Any]:
    """Select the first event of each patient whom it lets in."""
    source = _SOURCES[cohort.entry.kind].view
    dated = source.c.occurred_on.is_not(None)
    of_sex = source.c.sex.in_([sex.value for sex in cohort.sexes])
    first = (source.c.patient_id, source.c.occurred_on)
    return (
        select(*(source.c[name] for name in ("sex", "age_band", "quarter")), *first)
        .ext(distinct_on(source.c.patient_id))
        .where(dated, _meets(cohort.entry, source), of_sex if cohort.sexes else true())
        .order_by(*first)
    )


def _judged(cohort: Cohort, entered: CTE) -> Select[Any]:
    steps = (
        or_(*(_rule(rule, entered) for rule in step)).label(f"step_{number}")
        for number, step in enumerate(cohort.steps)
    )
    return select(entered, *steps)


def _rule(rule: Rule, entered: CTE) -> ColumnElement[bool]:
    source = _SOURCES[rule.event.kind].view.alias()
    is_one = and_(
        source.c.patient_id == entered.c.patient_id,
        _meets(rule.event, source),
        _is_within(rule, source, entered),
    )
    if rule.times == 1:
        has: ColumnElement[bool] = exists().where(is_one)
    else:
        number = select(func.count()).select_from(source).where(is_one)
        has = number.correlate(entered).scalar_subquery() >= rule.times
    return has if rule.has else ~has


def _is_within(rule: Rule, source: FromClause, entered: CTE) -> ColumnElement[bool]:
    if rule.within is None:
        return true()
    day, days = source.c.occurred_on, rule.within.days
    if rule.within.side is WindowSide.AFTER:
        return and_(day > entered.c.occurred_on, day <= entered.c.occurred_on + days)
    return and_(day < entered.c.occurred_on, day >= entered.c.occurred_on - days)


def _meets(event: CohortEvent, source: FromClause) -> ColumnElement[bool]:
    """Return the condition that something of a source is such an event."""
    states = _SOURCES[event.kind].states
    conditions: list[ColumnElement[bool]] = []
    if states:
        conditions.append(source.c.status.in_(states))
    named: list[ColumnElement[bool]] = []
    if event.words.strip():
        # From the beginning of a word on: prediabetes is no diabetes.
        sought = func.concat(" ", func.fold(event.words.strip()))
        named.append(func.strpos(func.concat(" ", source.c.term_key), sought) > 0)
    if event.code.strip():
        named.append(source.c.code == event.code.strip())
    if named:
        conditions.append(or_(*named))
    for name, lowest, highest in (
        ("value", event.at_least, event.at_most),
        ("age", event.from_age, event.to_age),
        ("occurred_on", event.since, event.until),
    ):
        if lowest is not None:
            conditions.append(source.c[name] >= lowest)
        if highest is not None:
            conditions.append(source.c[name] <= highest)
    return and_(true(), *conditions)


def _dimension(judged: CTE, dimension: Dimension) -> ColumnElement[str]:
    match dimension:
        case Dimension.SEX:
            return judged.c.sex
        case Dimension.AGE_BAND:
            return judged.c.age_band
        case Dimension.QUARTER:
            return func.to_char(judged.c.quarter, 'YYYY "Q"Q')
        case Dimension.YEAR:
            return func.to_char(judged.c.quarter, "YYYY")
