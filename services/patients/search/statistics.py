"""Figures of a list of patients: ages, sexes, allergies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    CTE,
    Alias,
    ColumnClause,
    ColumnElement,
    Date,
    Float,
    FromClause,
    MetaData,
    Select,
    TableSample,
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
from sqlalchemy.sql.visitors import ExternallyTraversible, replacement_traverse

from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import NotAllowed
from services.lists.counting import MOST_COUNTED, estimate
from services.lists.criteria import Criteria
from services.lists.criteria.values import birth_interval
from services.lists.queries import prepare
from services.lists.recording import record
from services.lists.statements import compiled, run
from services.patients.records.model import Sex
from services.patients.search.list_groups import hashes
from services.patients.search.pages import PATIENT_LISTS
from services.patients.search.queries import (
    PATIENTS,
    PatientListQuery,
    PatientListShape,
)
from services.patients.search.visibility import NAMED, PSEUDONYMISED, PatientVisibility

MOST_DESCRIBED: Final = 50_000
# Actors who may see all patients read from a view, which PostgreSQL cannot sample.
_TABLE: Final = PATIENTS.to_metadata(MetaData(), schema="public")
# A set, because the tables of mapped attributes are equal to PATIENTS, not identical.
_LISTED: Final = frozenset({PATIENTS})
_TOP_ALLERGIES: Final = 10
_OLDEST_BAND: Final = 9


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart."""

    label: str
    count: int


@dataclass(frozen=True, slots=True)
class ListStatistics:
    """The distribution of a list's patients, of all or of a sample of `patients`."""

    patients: int
    ages: tuple[Bar, ...]
    sexes: tuple[Bar, ...]
    allergies: tuple[Bar, ...]
    sampled: bool


@dataclass(frozen=True, slots=True)
class ListBars:
    """The patients in each bar of a list's charts, by figure and label.

    They are hashed as in ListGroup; if `sampled`, they are those of a sample of the
    list.
    """

    members: Mapping[tuple[str, str], bytes]
    sampled: bool


def describe(
    session: Session, actor: Actor, criteria: Criteria, *, now: datetime | None = None
) -> ListStatistics:
    """Describe the list's patients; above 50,000 or so, a random sample of them.

    For actors who see names. Raises InvalidInput, NotAllowed, Unavailable.
    """
    actor.require(Permission.LIST_PATIENTS)
    now = now or datetime.now(UTC)
    query = prepare(session, actor, PATIENT_LISTS, criteria, now)
    if query.shape.scope is not NAMED:
        raise NotAllowed(
            "You see patients without names. Their charts are on the page Patients, "
            "which hides small groups."
        )
    rows, is_sample = _described(session, query, now)
    numbers = {(figure, label): number for figure, label, number in rows}
    empty = dict.fromkeys((("age", str(n)) for n in range(_OLDEST_BAND + 1)), 0)
    figures = statistics_of(empty | numbers, sampled=is_sample)
    count = figures.patients
    record(session, actor, Action.PATIENT_COUNT, criteria, count=count, figures=True)
    return figures


def find_bars(
    session: Session, actor: Actor, criteria: Criteria, *, now: datetime | None = None
) -> ListBars:
    """Return who is in which bar of a list without names, which may not be shown yet.

    Above 10,000 or so, of a sample of them. Raises InvalidInput, NotAllowed,
    Unavailable.
    """
    actor.require(Permission.LIST_PATIENTS)
    now = now or datetime.now(UTC)
    query = prepare(session, actor, PATIENT_LISTS, criteria, now, scope=PSEUDONYMISED)
    rows, is_sample = _described(session, query, now)
    record(session, actor, Action.PATIENT_COUNT, criteria, figures=True)
    bars = {(figure, label): bytes(members) for figure, label, _, members in rows}
    return ListBars(bars, is_sample)


def statistics_of(
    numbers: Mapping[tuple[str, str], int], *, sampled: bool
) -> ListStatistics:
    """Return the statistics from the numbers in the bars, by figure and label."""
    bands = {int(label): n for (figure, label), n in numbers.items() if figure == "age"}
    sexes = {label: n for (figure, label), n in numbers.items() if figure == "sex"}
    return ListStatistics(
        patients=sum(sexes.values()),
        ages=tuple(Bar(_band(band), number) for band, number in sorted(bands.items())),
        sexes=tuple(Bar(sex.value, sexes[sex]) for sex in Sex if sex in sexes),
        allergies=_most_common(numbers.items()),
        sampled=sampled,
    )


def _described(
    session: Session, query: PatientListQuery, now: datetime
) -> tuple[Sequence[tuple[Any, ...]], bool]:
    """Return the bars, and whether they describe only a sample of the list."""
    most, guess = _most(query.shape.scope), estimate(session, query)
    if guess <= most:
        all_of_them = _bars(session, query, now, share=1)
        if sum(row[2] for row in all_of_them if row[0] == "sex") <= most:
            return all_of_them, False
    # The planner may have guessed too low; half is then a start, and the sample is
    # bounded.
    return _bars(session, query, now, share=most / max(guess, 2 * most)), True


def _most(scope: PatientVisibility) -> int:
    """Return how many patients are described without a sample.

    They are fewer without names, where the members of each bar are kept.
    """
    return MOST_DESCRIBED if scope is NAMED else MOST_COUNTED


def _bars(
    session: Session, query: PatientListQuery, now: datetime, *, share: float
) -> Sequence[tuple[Any, ...]]:
    is_sample = share < 1
    today = now.date()
    bands = range(_OLDEST_BAND, 0, -1)
    births = [birth_interval(10 * band, today)[1] for band in bands]
    given: dict[str, object] = {**query.parameters, "today": today, "births": births}
    if is_sample:
        given["percent"] = 100 * share
    return run(session, query.text(_of_sample if is_sample else _of_all), given)


def _most_common(
    numbers: Iterable[tuple[tuple[str, str], int]],
) -> tuple[Bar, ...]:
    bars = [Bar(label, n) for (figure, label), n in numbers if figure == "allergy"]
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
    allergy = func.unnest(listed.c.allergies).column_valued("allergy")
    most_common = _counted("allergy", allergy, listed, shape.scope)
    # Most patients have none: to unnest nothing for each of them takes longer.
    most_common = most_common.where(listed.c.allergies != literal_column("'{}'"))
    most_common = most_common.order_by(func.count().desc(), allergy)
    top = most_common.limit(literal_column(str(_TOP_ALLERGIES))).subquery()
    return compiled(
        union_all(
            _counted("age", cast(_band_of(shape, listed), Text), listed, shape.scope),
            _counted("sex", listed.c.sex, listed, shape.scope),
            select(top),
        )
    )


def _band_of(shape: PatientListShape, listed: CTE) -> ColumnElement[Any]:
    """Return the age in tens of years, 9 for all that are older.

    If only the year of birth is shown, it is the age at the end of this year.
    """
    oldest: ColumnElement[Any] = literal_column(str(_OLDEST_BAND))
    if shape.scope is NAMED:
        # age() takes longer than counting the ages that a patient has not reached.
        births = bindparam("births", type_=ARRAY(Date))
        return oldest - func.width_bucket(listed.c.date_of_birth, births)
    today = bindparam("today", type_=Date)
    years = func.date_part(literal_column("'year'", Text), today) - listed.c.birth_year
    return func.least(func.floor(years / literal_column("10")), oldest)


def _listed(shape: PatientListShape, *, is_sample: bool) -> CTE:
    patients: FromClause = PATIENTS
    belonging = shape.membership()
    most = _most(shape.scope) + (0 if is_sample else 1)
    if is_sample:
        # The same seed each time, so that a chart does not flicker.
        percent = func.system(bindparam("percent", type_=Float))
        patients = tablesample(_TABLE, percent, "sample", literal_column("0"))
        belonging = _within_sample(belonging, patients)
    names = (shape.scope.born, "sex", "allergies", *_ids(shape.scope))
    columns = (patients.c[name] for name in names)
    return (
        select(*columns).where(belonging).limit(literal_column(str(most))).cte("listed")
    )


def _within_sample(
    condition: ColumnElement[bool], sample: TableSample
) -> ColumnElement[bool]:
    """Return a condition on patients as one on those of a sample.

    A reference is replaced both as a table and as a column, so that a subquery remains
    one about the patient of its row. A second reference to the table under an alias,
    such as for others with the same e-mail address, still reads the whole table.
    """

    def replaced(
        element: ExternallyTraversible, **_: Any
    ) -> ExternallyTraversible | None:
        if isinstance(element, Alias):
            return element
        if isinstance(element, FromClause):
            return sample if element in _LISTED else None
        if isinstance(element, ColumnClause) and element.table in _LISTED:
            return sample.c[element.name]
        return None

    return replacement_traverse(condition, {"stop_on": [sample]}, replaced)


def _ids(scope: PatientVisibility) -> tuple[str, ...]:
    return () if scope is NAMED else ("id",)


def _counted(
    figure: str, label: ColumnElement[Any], listed: CTE, scope: PatientVisibility
) -> Select[Any]:
    members = (hashes(listed.c[name]).label("members") for name in _ids(scope))
    columns: list[ColumnElement[Any]] = [
        literal_column(f"'{figure}'").label("figure"),
        label.label("label"),
        func.count().label("number"),
        *members,
    ]
    return select(*columns).select_from(listed).group_by(label)
