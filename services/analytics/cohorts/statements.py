"""A cohort as one statement: who came in, who passed which step, counted."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    CTE,
    BigInteger,
    Boolean,
    ColumnClause,
    ColumnElement,
    Date,
    DateTime,
    Double,
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
    extract,
    func,
    literal,
    literal_column,
    not_,
    null,
    or_,
    select,
    table,
    true,
    type_coerce,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.sql.selectable import CompoundSelect

from services.analytics.cohorts import tables
from services.analytics.cohorts.model import (
    Cohort,
    CohortEvent,
    Dimension,
    EventByTerms,
    EventKind,
    Rule,
    WindowSide,
)
from services.analytics.joined_conditions import (
    AnyOf,
    Condition,
    Existing,
    Negated,
    Predicate,
    joined,
    rendered,
    variations,
)


def _view(name: str, *more: ColumnClause[Any]) -> TableClause:
    return table(
        name,
        column("patient_id", Uuid),
        column("sex", String),
        column("term", String),
        column("term_key", String),
        column("code", String),
        column("occurred_on", Date),
        column("month", Date),
        column("quarter", Date),
        column("age", Integer),
        column("age_band", String),
        *more,
        schema="analytics",
    )


@dataclass(frozen=True, slots=True)
class _Source:
    """Where events of a kind are, and in which state a visit has to be.

    `entries` is what dated entries of the kind are called, where there are such, and
    `dated` the view of these alone: the view itself where it has nothing else.
    """

    view: TableClause
    states: tuple[str, ...] = ()
    entries: str = ""
    dated: TableClause | None = None


@dataclass(frozen=True, slots=True)
class _Part:
    """Some of the rows that are such an event, asked for by themselves."""

    source: FromClause
    is_such: ColumnElement[bool]


def _of_entries(entries: str, name: str, *more: ColumnClause[Any]) -> _Source:
    view = _view(name, column("is_entry", Boolean), *more)
    return _Source(view, entries=entries, dated=view)


def _of_entries_and_others(
    entries: str, name: str, *more: ColumnClause[Any]
) -> _Source:
    view = _view(name, column("is_entry", Boolean), *more)
    dated = _view(f"dated_{name}", *(column(each.name, each.type) for each in more))
    return _Source(view, entries=entries, dated=dated)


_PATIENTS: Final = table("patients", schema="analytics")
_VISITS: Final = _view(
    "visits",
    column("status", String),
    column("hour", Integer),
    column("waiting_minutes", Numeric),
)
# By which column of an event each is split.
_SPLIT: Final[Mapping[Dimension, str]] = {
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
# The same of all events of a patient.
_OF_PATIENT: Final = frozenset({"sex"})
_FORMATS: Final[Mapping[Dimension, str]] = {
    Dimension.MONTH: "YYYY-MM",
    Dimension.QUARTER: 'YYYY "Q"Q',
    Dimension.YEAR: "YYYY",
    Dimension.WEEKDAY: "FMDay",
    Dimension.HOUR: 'FM00":00"',
}
_DAY_BEFORE_MONDAY: Final = "date '2023-12-31'"
# Our own words among values, which somebody may have typed.
_RESERVED: Final = (tables.OTHERS, tables.NO_VALUE)
# What is left of a hash for the patient, and what the rest is for: the event.
PATIENT_SHIFT: Final = 24
_SOURCES: Final[Mapping[EventKind, _Source]] = {
    EventKind.DIAGNOSIS: _of_entries_and_others("condition", "diagnoses"),
    EventKind.MEDICATION: _of_entries_and_others("medication", "medications"),
    EventKind.ALLERGY: _of_entries_and_others("allergy", "allergies"),
    EventKind.PROCEDURE: _of_entries("procedure", "procedures"),
    EventKind.ENCOUNTER: _of_entries("encounter", "encounters"),
    EventKind.VITAL: _of_entries_and_others(
        "observation", "vitals", column("value", Numeric), column("unit", String)
    ),
    EventKind.PRESCRIPTION: _Source(_view("prescriptions")),
    EventKind.DOCUMENT: _Source(_view("documents")),
    # Who is checked in has come.
    EventKind.VISIT: _Source(_VISITS, ("checked-in", "completed")),
    EventKind.NO_SHOW: _Source(_VISITS, ("no-show",)),
    EventKind.CANCELLATION: _Source(_VISITS, ("cancelled",)),
}


def classes(cohort: Cohort, *, with_variations: bool = False) -> Select[Any]:
    """Select a row for each class of patients that the cohort's counts tell apart.

    What it is split by as text, how many steps they passed one after the other, how
    many they are, and a hash of the id of each in bytes. With variations, how many
    steps they passed in each of these comes last. Everything typed is bound.
    """
    judged = _judged(cohort, _entered(cohort).cte("entered")).cte("judged")
    number = len(variations_of(cohort)) if with_variations else 0
    return _classes(judged, cohort, cohort.split_by, number)


def _classes(
    judged: CTE,
    cohort: Cohort,
    split_by: Sequence[Dimension],
    number_varied: int,
    *before: ColumnElement[Any],
) -> Select[Any]:
    """Select classes as `classes` does, behind other columns."""
    raw = [_raw_value(judged, dimension) for dimension in split_by]
    values = [
        _as_text(value, dimension).label(f"value_{place}")
        for place, (value, dimension) in enumerate(zip(raw, split_by, strict=True))
    ]
    passed = _passed(_steps_of(judged, cohort)).label("passed")
    varied = [
        _passed(_steps_of(judged, cohort, variation)).label(f"passed_{variation}")
        for variation in range(number_varied)
    ]
    split: list[ColumnElement[Any]] = [*raw, passed, *varied]
    counted = (func.count(), _members(judged))
    columns: list[ColumnElement[Any]] = [*values, passed, *counted, *varied]
    return select(*before, *columns).select_from(judged).group_by(*split)


def _with_classes(
    selected: Select[Any], judged: CTE, cohort: Cohort
) -> CompoundSelect[Any]:
    """Select besides, in rows of their own, the classes of a cohort by sex.

    Its patients are looked for once then. All columns of the other are empty in such a
    row, and those of classes in all others.
    """
    before = (null() for _ in selected.selected_columns)
    number = len(variations_of(cohort))
    classes = _classes(judged, cohort, (Dimension.SEX,), number, *before)
    after = (null() for _ in range(width_of_classes(cohort)))
    return union_all(selected.add_columns(*after), classes)


def width_of_classes(cohort: Cohort) -> int:
    """Return how many columns classes by sex have behind those of other rows.

    The sex, the steps passed, how many and who, and the steps passed in each variation.
    """
    return 4 + len(variations_of(cohort))


@dataclass(frozen=True, slots=True)
class Variation:
    """A cohort with something taken to be so of everybody, or of nobody.

    `step` is the one, counted from 1, in which that is. With `is_alone` it is a step of
    a single rule as a whole: somebody could as well ask without it.
    """

    step: int
    is_alone: bool


def variations_of(cohort: Cohort) -> tuple[Variation, ...]:
    """Return the variations of a cohort, in the order of its statements.

    Two for each rule that OR or NOT joins, and for words and a code that do: as if of
    nobody, and as if of everybody. And one for each step of a single rule, as if it
    were not there.
    """
    view = _SOURCES[cohort.entry.kind].view
    steps = _conditions(cohort, view, lambda _: true())
    return tuple(
        Variation(place, is_alone)
        for place, step in enumerate(steps, start=1)
        for is_alone in _are_alone(step)
    )


def number_joined(cohort: Cohort) -> int:
    """Return how many conditions OR or NOT joins, each of which has two variations."""
    return sum(not each.is_alone for each in variations_of(cohort)) // 2


def _are_alone(step: AnyOf) -> list[bool]:
    """Return for each variation of a step whether that is the step as a whole."""
    alone = [True] if _is_alone(step) else []
    return [False] * (2 * len(list(joined(step)))) + alone


def _varied(step: AnyOf) -> tuple[ColumnElement[bool], ...]:
    """Return a step in each of its variations."""
    return variations(step) + ((true(),) if _is_alone(step) else ())


def _is_alone(step: AnyOf) -> bool:
    """Return whether a step is one rule without NOT, which nothing joins."""
    return len(step.parts) == 1 and not isinstance(step.parts[0], Negated)


def remaining(cohort: Cohort) -> Select[UUID]:
    """Select the patients who came in and passed every step."""
    judged = _judged(cohort, _entered(cohort).cte("entered")).cte("judged")
    return select(judged.c.patient_id).where(true(), *_steps_of(judged, cohort))


def events(
    cohort: Cohort,
    event: CohortEvent,
    split_by: Sequence[Dimension],
    *,
    with_classes: bool = True,
) -> Select[Any] | CompoundSelect[Any]:
    """Select a row for each class of such events of those who remain of a cohort.

    What they are split by as text, the patients as in `classes`, and a hash of each
    event, whose first bits are those of its patient's. Some come several times:
    PostgreSQL would sort them to find that out. What happened to a patient twice on one
    day, at visits in one hour, is one event. Of cohorts with steps those who remain in
    a variation alone have rows of their own: the last column says who remains. The
    classes of the cohort come besides, unless nobody asks for them.
    """
    judged = _judged(cohort, _entered(cohort, _OF_PATIENT).cte("entered")).cte("judged")
    view = _SOURCES[event.kind].view
    happened = _happened(
        cohort,
        event,
        split_by,
        judged,
        columns=lambda source: [
            patient_hash(source.c.patient_id).label("patient"),
            event_hash(view, source).label("event"),
        ],
    ).subquery("happened")
    remains = _columns_of(happened, _remains(judged, cohort))
    columns = [
        *_texts(happened, split_by),
        gathered(func.int8send(happened.c.patient)),
        gathered(func.int8send(happened.c.event)),
        *remains,
    ]
    grouped = select(*columns).group_by(*_raw_of(happened, split_by), *remains)
    return _with_classes(grouped, judged, cohort) if with_classes else grouped


def _happened(
    cohort: Cohort,
    event: CohortEvent,
    split_by: Sequence[Dimension],
    judged: CTE,
    *,
    columns: Callable[[FromClause], list[Any]],
    is_wanted: Callable[[FromClause], ColumnElement[bool]] = lambda _: true(),
) -> Select[Any] | CompoundSelect[Any]:
    """Select such events of those who remain, or would in a variation.

    What they are split by, not as text yet, such columns, and who remains.
    """
    remains = _remains(judged, cohort)
    parts = [
        select(
            *_raw_values(split_by, part.source, judged),
            *columns(part.source),
            *remains,
        )
        .select_from(part.source)
        .join(judged, judged.c.patient_id == part.source.c.patient_id)
        .where(
            _remains_in_any(judged, cohort),
            part.source.c.occurred_on.is_not(None),
            part.is_such,
            is_wanted(part.source),
        )
        for part in _parts(event)
    ]
    first, *more = parts
    return union_all(*parts) if more else first


def quantities(
    cohort: Cohort,
    event: CohortEvent | None,
    split_by: Sequence[Dimension],
    quantity: str,
) -> CompoundSelect[Any]:
    """Select what a column of events is for each patient who remains, by classes.

    That is the first event's, or without more the mean of all of the patient's that are
    like `event`. What they are split by as text, the unit, and 16 bytes for each
    patient: the hash, and the quantity as a float. Then who remains, and the classes of
    the cohort besides, as in `events`.
    """
    own_of = partial(_own_number, quantity=quantity)
    if event is None:
        wanted = _OF_PATIENT.union(_SPLIT[name] for name in split_by)
        entered = _entered(cohort, wanted, quantity)
        judged = _judged(cohort, entered.cte("entered")).cte("judged")
        rows: Select[Any] | CompoundSelect[Any] = select(
            *_raw_values(split_by, judged, judged),
            *own_of(judged),
            *_remains(judged, cohort),
        ).where(_remains_in_any(judged, cohort), judged.c[quantity].is_not(None))
    else:
        entered = _entered(cohort, _OF_PATIENT)
        judged = _judged(cohort, entered.cte("entered")).cte("judged")
        rows = _happened(
            cohort,
            event,
            split_by,
            judged,
            columns=own_of,
            is_wanted=lambda source: source.c[quantity].is_not(None),
        )
    happened = rows.subquery("happened")
    remains = _columns_of(happened, _remains(judged, cohort))
    split = [*_raw_of(happened, split_by), happened.c.unit, *remains]
    mean = cast(func.avg(happened.c.number), Double).label("number")
    own = (
        select(*split, happened.c.patient_id, mean)
        .group_by(*split, happened.c.patient_id)
        .cte("own")
    )
    remains = _columns_of(own, remains)
    pairs = gathered(own_pair(own.c.patient_id, own.c.number))
    grouped = select(*_texts(own, split_by), own.c.unit, pairs, *remains).group_by(
        *_raw_of(own, split_by), own.c.unit, *remains
    )
    return _with_classes(grouped, judged, cohort)


def _own_number(source: FromClause, *, quantity: str) -> list[Any]:
    unit = func.coalesce(source.c.unit if "unit" in source.c else None, "")
    return [unit.label("unit"), source.c.patient_id, source.c[quantity].label("number")]


def members_by_term(kind: EventKind) -> Select[Any]:
    """Select who had dated events of a kind, by the words of these.

    As they are compared and as they are written, the commonest writing first; how many
    events they are, and a hash of the patient of each.
    """
    source = _SOURCES[kind].view
    number = func.count()
    written = (source.c.term_key, source.c.term)
    return (
        select(*written, number, _members(source))
        .where(*_dated(kind))
        .group_by(*written)
        .order_by(source.c.term_key, number.desc(), source.c.term)
    )


def _dated(kind: EventKind) -> tuple[ColumnElement[bool], ...]:
    source = _SOURCES[kind]
    is_dated = source.view.c.occurred_on.is_not(None)
    if not source.states:
        return (is_dated,)
    return is_dated, source.view.c.status.in_(source.states)


def entries_of(kind: EventKind) -> str:
    """Return what dated entries of a kind are called; empty where there are none."""
    return _SOURCES[kind].entries


def population(at_most: int | None = None) -> Select[int]:
    """Select how many patients there are; no more than so many are looked at."""
    patients: Select[int] = select(literal_column("1")).select_from(_PATIENTS)
    return select(func.count()).select_from(patients.limit(at_most).subquery())


def _raw_values(
    split_by: Sequence[Dimension], events: FromClause, judged: FromClause
) -> list[Any]:
    """Return what events of a cohort are split by; of patients it knows that already.

    From the events it would be read of every patient who had such a one.
    """
    return [
        _raw_value(
            judged if _SPLIT[dimension] in _OF_PATIENT else events, dimension
        ).label(f"value_{place}")
        for place, dimension in enumerate(split_by)
    ]


def _raw_of(rows: FromClause, split_by: Sequence[Dimension]) -> list[Any]:
    """Return the columns that `_raw_values` has named."""
    return [rows.c[f"value_{place}"] for place, _ in enumerate(split_by)]


def _texts(rows: FromClause, split_by: Sequence[Dimension]) -> list[Any]:
    """Return the same as text."""
    return [
        _as_text(value, dimension)
        for value, dimension in zip(_raw_of(rows, split_by), split_by, strict=True)
    ]


def _columns_of(rows: FromClause, named: Sequence[Any]) -> list[Any]:
    return [rows.c[each.name] for each in named]


def _passed(steps: Sequence[ColumnElement[bool]]) -> ColumnElement[int]:
    failed: list[tuple[ColumnElement[bool], ColumnElement[Any]]] = [
        (~step, literal_column(str(n))) for n, step in enumerate(steps)
    ]
    # Grouped by a bare number, PostgreSQL would look for a column of that place.
    everything = cast(literal_column(str(len(steps))), Integer)
    return case(*failed, else_=everything) if steps else everything


def _steps_of(
    judged: CTE, cohort: Cohort, variation: int | None = None
) -> list[ColumnElement[bool]]:
    """Return whether each step is passed, or would be in a variation."""
    steps: list[ColumnElement[bool]] = [
        judged.c[f"step_{number}"] for number in range(len(cohort.steps))
    ]
    if variation is not None:
        place = variations_of(cohort)[variation].step - 1
        steps[place] = judged.c[f"variation_{variation}"]
    return steps


def _remains(judged: CTE, cohort: Cohort) -> list[Any]:
    """Return a column that says who remains, where somebody may not."""
    if not cohort.steps:
        return []
    return [and_(true(), *_steps_of(judged, cohort)).label("remains")]


def _remains_in_any(judged: CTE, cohort: Cohort) -> ColumnElement[bool]:
    """Return the condition of who remains, or would in a variation."""
    number = len(variations_of(cohort))
    return or_(
        and_(true(), *_steps_of(judged, cohort)),
        *(and_(true(), *_steps_of(judged, cohort, each)) for each in range(number)),
    )


def _members(source: FromClause) -> ColumnElement[bytes]:
    return gathered(func.int8send(patient_hash(source.c.patient_id)))


def gathered(hashes: ColumnElement[bytes]) -> ColumnElement[bytes]:
    """Return the bytes of all rows of a group, one after the other."""
    none = literal_column("''::bytea", LargeBinary)
    return func.string_agg(hashes, none, type_=LargeBinary)


def patient_hash(patient_id: ColumnElement[Any]) -> ColumnElement[int]:
    """Return what stands for a patient in the log of what was told."""
    return func.uuid_hash_extended(patient_id, literal_column("0"), type_=BigInteger)


def own_pair(
    patient_id: ColumnElement[Any], number: ColumnElement[Any]
) -> ColumnElement[bytes]:
    """Return 16 bytes of a patient and a number: the hash, and a float."""
    patient = func.int8send(patient_hash(patient_id))
    return type_coerce(patient.concat(func.float8send(number)), LargeBinary)


def event_hash(view: TableClause, source: FromClause) -> ColumnElement[int]:
    """Return a hash of an event of a view, whose first bits are those of its patient's.

    What happened to a patient twice on one day, at visits in one hour, is one event.
    """
    more = [source.c[name] for name in ("value", "hour") if name in view.c]
    happened = (source.c.occurred_on, source.c.term_key, source.c.code, *more)
    hashed = func.hashtextextended(
        func.concat_ws("|", view.name, *happened), literal_column("0"), type_=BigInteger
    )
    shift = literal_column(str(PATIENT_SHIFT), Integer)
    rest = literal_column(str((1 << PATIENT_SHIFT) - 1), BigInteger)
    patient = patient_hash(source.c.patient_id).op(">>")(shift).op("<<")(shift)
    return patient.op("|")(hashed.op("&")(rest))


def _entered(
    cohort: Cohort, split: Collection[str] = (), quantity: str = ""
) -> Select[Any]:
    """Select the first event of each patient whom it lets in, with such columns."""
    view = _SOURCES[cohort.entry.kind].view
    wanted = {*split, *(_SPLIT[dimension] for dimension in cohort.split_by)}
    if quantity:
        wanted |= {quantity, "unit"} & set(view.c.keys())
    names = ["patient_id", "occurred_on", *sorted(wanted - {"occurred_on"})]
    sexes = [sex.value for sex in cohort.sexes]
    parts = [
        select(*(part.source.c[name] for name in names)).where(
            part.source.c.occurred_on.is_not(None),
            part.is_such,
            part.source.c.sex.in_(sexes) if sexes else true(),
        )
        for part in _parts(cohort.entry)
    ]
    if len(parts) == 1:
        (selected,) = parts
        first = selected.selected_columns
        return selected.ext(distinct_on(first.patient_id)).order_by(
            first.patient_id, first.occurred_on
        )
    rows = union_all(*parts).subquery("let_in")
    place = func.row_number().over(
        partition_by=rows.c.patient_id, order_by=rows.c.occurred_on
    )
    numbered = select(rows, place.label("place")).subquery("numbered")
    # Of the patients in a union the planner knows nothing: whatever DISTINCT ON leaves
    # of it are 200 rows to it, and of each of these it looks for events one by one.
    # That a number is no larger than another it takes to be so of a third.
    return select(*(numbered.c[name] for name in names)).where(numbered.c.place <= 1)


def _parts(event: CohortEvent) -> tuple[_Part, ...]:
    """Return where such events are: where terms are known, dated entries and all else.

    A join above a union is made of all its rows. By itself the view of dated entries is
    joined as the planner likes best, which knows how many patients have such a one.
    """
    view = _SOURCES[event.kind].view.alias("event")
    if not isinstance(event, EventByTerms):
        return (_Part(view, _meets(event, view)),)
    dated = _dated_entries(event)
    if not _has_others(event):
        return (dated,)
    is_such = and_(_is_named_elsewhere(event, view), _is_such(event, view))
    return dated, _Part(view, is_such)


def _dated_entries(event: EventByTerms) -> _Part:
    """Return the dated entries that are such an event."""
    source = _SOURCES[event.kind]
    dated = (source.view if source.dated is None else source.dated).alias("dated")
    named: list[ColumnElement[bool]] = [dated.c.term_key.in_(event.terms)]
    if event.code.strip():
        named.append(dated.c.code == event.code.strip())
    return _Part(dated, and_(or_(*named), _is_such(event, dated)))


def _is_named_elsewhere(event: CohortEvent, source: FromClause) -> ColumnElement[bool]:
    """Return that something which is no dated entry has the words or the code.

    Of terms on lists and in notes the planner knows nothing, however many the patterns
    are. With a single one each is folded once, which takes longer than all else.
    """
    beginning = literal(" ").concat(source.c.term_key)
    pattern = literal("% ").concat(_sought(event.words.strip())).concat("%")
    named: list[ColumnElement[bool]] = [beginning.like(pattern)]
    if event.code.strip():
        named.append(source.c.code == event.code.strip())
    return and_(not_(source.c.is_entry), or_(*named))


def _has_others(event: CohortEvent) -> bool:
    """Return whether something of the kind is no dated entry."""
    source = _SOURCES[event.kind]
    return source.dated is not source.view


def _judged(cohort: Cohort, entered: CTE) -> Select[Any]:
    """Select who came in, which steps they pass, and which in each variation."""
    judged: FromClause = entered
    source: FromClause = entered
    had: dict[int, ColumnElement[bool]] = {}
    rules = {id(rule): rule for step in cohort.steps for rule in step}
    for place, rule in enumerate(rules.values()):
        if isinstance(rule.event, EventByTerms):
            matches = _matches(rule, rule.event, entered).cte(f"matches_{place}")
            is_same = matches.c.patient_id == entered.c.patient_id
            source = source.outerjoin(matches, is_same)
            had[id(rule)] = _had_with_matches(rule, entered, matches.c.number)
        else:
            had[id(rule)] = _had(rule, entered)
    if number_joined(cohort) or len(cohort.steps) > 1:
        # Inlined, each rule would be looked at for every variation that names it; of a
        # single step that stands alone none does.
        ruled = {each: f"rule_{place}" for place, each in enumerate(had)}
        columns = (had[each].label(name) for each, name in ruled.items())
        rows = select(entered, *columns).select_from(source)
        judged = source = rows.cte("ruled").prefix_with("MATERIALIZED")
        had = {each: judged.c[name] for each, name in ruled.items()}
    steps = _conditions(cohort, judged, lambda rule: had[id(rule)])
    varied = [each for step in steps for each in _varied(step)]
    return select(
        *(judged.c[each.name] for each in entered.c),
        *(rendered(step).label(f"step_{place}") for place, step in enumerate(steps)),
        *(each.label(f"variation_{place}") for place, each in enumerate(varied)),
    ).select_from(source)


def _matches(rule: Rule, event: EventByTerms, entered: CTE) -> Select[Any]:
    """Select who came in and had dated entries as a rule says, and how many.

    All at once: terms that are known are found in an index, where a condition on each
    patient looks at all entries of one after the other.
    """
    dated = _dated_entries(event)
    is_of_rule = and_(
        dated.source.c.patient_id == entered.c.patient_id,
        dated.is_such,
        _is_within(rule, dated.source, entered),
    )
    return (
        select(entered.c.patient_id, func.count().label("number"))
        .select_from(entered.join(dated.source, is_of_rule))
        .group_by(entered.c.patient_id)
    )


def _had_with_matches(
    rule: Rule, entered: FromClause, matches: ColumnElement[int]
) -> ColumnElement[bool]:
    """Return what `_had` does, where it is known how many dated entries there are.

    Of whom these are enough, neither lists without a date nor notes of visits are
    looked at.
    """
    number = func.coalesce(matches, literal_column("0"), type_=BigInteger)
    is_enough = number >= rule.times
    if not _has_others(rule.event):
        return is_enough
    source = _SOURCES[rule.event.kind].view.alias()
    is_named = _is_named_elsewhere(rule.event, source)
    if rule.times == 1:
        return or_(is_enough, _had_often(rule, source, entered, is_named))
    more = _number_of(rule, source, entered, is_named)
    return or_(is_enough, number + more >= rule.times)


def _conditions(
    cohort: Cohort, entered: FromClause, had: Callable[[Rule], ColumnElement[bool]]
) -> tuple[AnyOf, ...]:
    """Return a condition for each step, in which OR and NOT join its rules.

    So they do words and a code of a rule where another event has both: of two events
    that are each one of two things, AND says what OR would.
    """
    events = [cohort.entry, *(rule.event for step in cohort.steps for rule in step)]
    are_counted = sum(map(_has_both, events)) > 1

    def condition(rule: Rule) -> Condition:
        is_met: Condition = (
            _with_names(rule, entered, had(rule))
            if are_counted and _has_both(rule.event)
            else Predicate(had(rule))
        )
        return is_met if rule.has else Negated(is_met)

    return tuple(AnyOf(tuple(map(condition, step))) for step in cohort.steps)


def _has_both(event: CohortEvent) -> bool:
    return bool(event.words.strip() and event.code.strip())


def _with_names(
    rule: Rule, entered: FromClause, known: ColumnElement[bool]
) -> Existing:
    """Return that somebody met a rule, by words or by a code."""
    source = _SOURCES[rule.event.kind].view.alias()
    return Existing(
        AnyOf(tuple(map(Predicate, _names(rule.event, source)))),
        lambda is_named: _had_often(rule, source, entered, is_named),
        known,
    )


def _had(rule: Rule, entered: FromClause) -> ColumnElement[bool]:
    """Return the condition that somebody had the event of a rule often enough."""
    source = _SOURCES[rule.event.kind].view.alias()
    return _had_often(rule, source, entered, _is_named(rule.event, source))


def _had_often(
    rule: Rule, source: FromClause, entered: FromClause, is_named: ColumnElement[bool]
) -> ColumnElement[bool]:
    if rule.times == 1:
        return exists().where(_is_of_rule(rule, source, entered, is_named))
    return _number_of(rule, source, entered, is_named) >= rule.times


def _number_of(
    rule: Rule, source: FromClause, entered: FromClause, is_named: ColumnElement[bool]
) -> ColumnElement[int]:
    is_one = _is_of_rule(rule, source, entered, is_named)
    number = select(func.count()).select_from(source).where(is_one)
    return number.correlate(entered).scalar_subquery()


def _is_of_rule(
    rule: Rule, source: FromClause, entered: FromClause, is_named: ColumnElement[bool]
) -> ColumnElement[bool]:
    return and_(
        source.c.patient_id == entered.c.patient_id,
        is_named,
        _is_such(rule.event, source),
        _is_within(rule, source, entered),
    )


def _is_within(
    rule: Rule, source: FromClause, entered: FromClause
) -> ColumnElement[bool]:
    if rule.within is None:
        return true()
    day, days = source.c.occurred_on, rule.within.days
    if rule.within.side is WindowSide.AFTER:
        return and_(day > entered.c.occurred_on, day <= entered.c.occurred_on + days)
    return and_(day < entered.c.occurred_on, day >= entered.c.occurred_on - days)


def _meets(event: CohortEvent, source: FromClause) -> ColumnElement[bool]:
    """Return the condition that something of a source is such an event."""
    return and_(_is_named(event, source), _is_such(event, source))


def _is_named(event: CohortEvent, source: FromClause) -> ColumnElement[bool]:
    names = _names(event, source)
    return or_(*names) if names else true()


def _names(event: CohortEvent, source: FromClause) -> list[ColumnElement[bool]]:
    """Return that something has the words of an event, and that it has the code."""
    named: list[ColumnElement[bool]] = []
    if event.words.strip():
        named.append(_has_words(event, source))
    if event.code.strip():
        named.append(source.c.code == event.code.strip())
    return named


def _is_such(event: CohortEvent, source: FromClause) -> ColumnElement[bool]:
    """Return the condition of everything else that an event is."""
    states = _SOURCES[event.kind].states
    conditions: list[ColumnElement[bool]] = []
    if states:
        conditions.append(source.c.status.in_(states))
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


def _has_words(event: CohortEvent, source: FromClause) -> ColumnElement[bool]:
    """Return the condition that something has the words of an event.

    Of dated entries the terms may be known. Of all else, and of the other branches of
    their view, patterns are asked.
    """
    has_words = _is_like(source.c.term_key, event.words.strip())
    if not isinstance(event, EventByTerms):
        return has_words
    is_known = source.c.term_key.in_(event.terms)
    return or_(
        and_(source.c.is_entry, is_known), and_(not_(source.c.is_entry), has_words)
    )


def _is_like(term_key: ColumnElement[str], words: str) -> ColumnElement[bool]:
    """Return the condition that a term has words, from the beginning of a word on.

    Prediabetes is no diabetes. As patterns on the bare column: of these the planner
    knows how many terms they match, where it guesses a third of any other condition.
    """
    sought = _sought(words)
    return or_(
        term_key.like(sought.concat("%")),
        term_key.like(literal("% ").concat(sought).concat("%")),
    )


def _sought(words: str) -> ColumnElement[str]:
    """Return words as they are compared, for a pattern."""
    sought: ColumnElement[str] = func.fold(words, type_=String)
    # Folding may make any of these, so they are escaped after it.
    for special in ("\\", "%", "_"):
        sought = func.replace(sought, special, f"\\{special}", type_=String)
    return sought


def dimension_text(events: FromClause, dimension: Dimension) -> ColumnElement[str]:
    """Return what events are split by, as text.

    What somebody has typed is in quotes where it is a word of our own: else those whom
    it is said of would be counted with *others*, or with those who have none.
    """
    return _as_text(_raw_value(events, dimension), dimension)


def _raw_value(events: FromClause, dimension: Dimension) -> ColumnElement[Any]:
    """Return what events are split by, one value for each text that it is told as.

    Days and hours are numbers still: many events are grouped by these in less time than
    each of them is put into words.
    """
    value: ColumnElement[Any] = events.c[_SPLIT[dimension]]
    if dimension is Dimension.YEAR:
        return func.date_trunc(literal_column("'year'"), cast(value, DateTime))
    if dimension is Dimension.WEEKDAY:
        return cast(extract("isodow", value), Integer)
    if dimension in _FORMATS:
        return value
    if dimension in tables.OPEN:
        quoted = literal("“").concat(value).concat("”")
        value = case((value.in_(_RESERVED), quoted), else_=value)
    return func.coalesce(func.nullif(value, ""), tables.NO_VALUE)


def _as_text(value: ColumnElement[Any], dimension: Dimension) -> ColumnElement[str]:
    """Return what `_raw_value` does, as text."""
    if dimension not in _FORMATS:
        return value
    if dimension is Dimension.WEEKDAY:
        value = literal_column(_DAY_BEFORE_MONDAY, Date) + value
    return func.coalesce(func.to_char(value, _FORMATS[dimension]), tables.NO_VALUE)
