"""Figures of a list of patients: ages, sexes, allergies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Float,
    FromClause,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    tablesample,
    union_all,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.util import ClauseAdapter

from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.lists.counting import estimate
from services.lists.criteria import Criteria
from services.lists.queries import prepare
from services.lists.recording import record
from services.lists.statements import compiled, run
from services.patients.records.model import Sex
from services.patients.search.pages import PATIENT_LISTS
from services.patients.search.queries import (
    PATIENTS,
    PatientListQuery,
    PatientListShape,
)
from services.patients.search.visibility import NAMED

MOST_DESCRIBED: Final = 50_000
_TOP_ALLERGIES: Final = 10
_OLDEST_BAND: Final = 9


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart."""

    label: str
    count: int


@dataclass(frozen=True, slots=True)
class ListStatistics:
    """How a list's patients are spread, from all `patients` of them or a sample."""

    patients: int
    ages: tuple[Bar, ...]
    sexes: tuple[Bar, ...]
    allergies: tuple[Bar, ...]
    sampled: bool


def describe(
    session: Session, actor: Actor, criteria: Criteria, *, now: datetime | None = None
) -> ListStatistics:
    """Describe the list's patients; beyond some 50,000, a random sample of them.

    Raises InvalidInput, NotAllowed, Unavailable.
    """
    actor.require(Permission.LIST_PATIENTS)
    now = now or datetime.now(UTC)
    query = prepare(session, actor, PATIENT_LISTS, criteria, now)
    figures = _described(session, query, now)
    count = figures.patients
    record(session, actor, Action.PATIENT_COUNT, criteria, count=count, figures=True)
    return figures


def _described(
    session: Session, query: PatientListQuery, now: datetime
) -> ListStatistics:
    guess = estimate(session, query)
    if guess <= MOST_DESCRIBED:
        all_of_them = _figures(session, query, now, share=1)
        if all_of_them.patients <= MOST_DESCRIBED:
            return all_of_them
    # The planner may have guessed too low; half is then a start, and it is bounded.
    share = MOST_DESCRIBED / max(guess, 2 * MOST_DESCRIBED)
    return _figures(session, query, now, share=share)


def _figures(
    session: Session, query: PatientListQuery, now: datetime, *, share: float
) -> ListStatistics:
    is_sample = share < 1
    given: dict[str, object] = {**query.parameters, "today": now.date()}
    if is_sample:
        given["percent"] = 100 * share
    rows = run(session, query.text(_of_sample if is_sample else _of_all), given)
    bands = {int(label): count for figure, label, count in rows if figure == "age"}
    sexes = {label: count for figure, label, count in rows if figure == "sex"}
    return ListStatistics(
        patients=sum(sexes.values()),
        ages=tuple(Bar(_band(n), bands.get(n, 0)) for n in range(_OLDEST_BAND + 1)),
        sexes=tuple(Bar(sex.value, sexes[sex]) for sex in Sex if sex in sexes),
        allergies=_most_common(rows),
        sampled=is_sample,
    )


def _most_common(rows: Sequence[tuple[Any, ...]]) -> tuple[Bar, ...]:
    bars = [Bar(label, count) for figure, label, count in rows if figure == "allergy"]
    return tuple(sorted(bars, key=lambda bar: (-bar.count, bar.label)))


def _band(number: int) -> str:
    youngest = number * 10
    return f"{youngest}+" if number == _OLDEST_BAND else f"{youngest}–{youngest + 9}"


@lru_cache(maxsize=256)
def _of_all(shape: PatientListShape) -> str:
    return _statement(shape, is_sample=False)


@lru_cache(maxsize=256)
def _of_sample(shape: PatientListShape) -> str:
    return _statement(shape, is_sample=True)


def _statement(shape: PatientListShape, *, is_sample: bool) -> str:
    listed = _listed(shape, is_sample=is_sample)
    today = bindparam("today", type_=Date)
    years = _years(shape, listed, today)
    band = func.least(func.floor(years / literal_column("10")), literal_column("9"))
    allergy = func.unnest(listed.c.allergies).column_valued("allergy")
    most_common = _counted("allergy", allergy, listed)
    most_common = most_common.order_by(func.count().desc(), allergy)
    top = most_common.limit(literal_column(str(_TOP_ALLERGIES))).subquery()
    return compiled(
        union_all(
            _counted("age", cast(band, Text), listed),
            _counted("sex", listed.c.sex, listed),
            select(top),
        )
    )


def _years(
    shape: PatientListShape, listed: CTE, today: ColumnElement[Any]
) -> ColumnElement[Any]:
    """Return the age; where only the year of birth is shown, the one of this year."""
    year = literal_column("'year'", Text)
    if shape.scope is NAMED:
        return func.date_part(year, func.age(today, listed.c.date_of_birth))
    return func.date_part(year, today) - listed.c.birth_year


def _listed(shape: PatientListShape, *, is_sample: bool) -> CTE:
    patients: FromClause = PATIENTS
    belonging = shape.belongs()
    most = MOST_DESCRIBED if is_sample else MOST_DESCRIBED + 1
    if is_sample:
        # The same seed each time: a chart should not flicker.
        percent = func.system(bindparam("percent", type_=Float))
        patients = tablesample(PATIENTS, percent, "sample", literal_column("0"))
        belonging = ClauseAdapter(patients).traverse(belonging)
    columns = (patients.c[name] for name in (shape.scope.born, "sex", "allergies"))
    return (
        select(*columns).where(belonging).limit(literal_column(str(most))).cte("listed")
    )


def _counted(figure: str, label: ColumnElement[Any], listed: CTE) -> Select[Any]:
    return (
        select(
            literal_column(f"'{figure}'").label("figure"),
            label.label("label"),
            func.count().label("number"),
        )
        .select_from(listed)
        .group_by(label)
    )
