"""A cohort as one statement: who came in, who passed which step, counted."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    CTE,
    BigInteger,
    Boolean,
    ColumnClause,
    ColumnElement,
    Date,
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

    `entries` is what dated entries of the kind are called, where there are such.
    """

    view: TableClause
    states: tuple[str, ...] = ()
    entries: str = ""


def _of_entries(entries: str, name: str, *more: ColumnClause[Any]) -> _Source:
    view = _view(name, column("is_entry", Boolean), *more)
    return _Source(view, entries=entries)


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
# Our own words among values, which somebody may have typed.
_RESERVED: Final = (tables.OTHERS, tables.NO_VALUE)
# What is left of a hash for the patient, and what the rest is for: the event.
PATIENT_SHIFT: Final = 24
_SOURCES: Final[Mapping[EventKind, _Source]] = {
    EventKind.DIAGNOSIS: _of_entries("condition", "diagnoses"),
    EventKind.MEDICATION: _of_entries("medication", "medications"),
    EventKind.ALLERGY: _of_entries("allergy", "allergies"),
    EventKind.PROCEDURE: _of_entries("procedure", "procedures"),
    EventKind.ENCOUNTER: _of_entries("encounter", "encounters"),
    EventKind.VITAL: _of_entries(
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
    values = [
        dimension_text(judged, dimension).label(f"value_{place}")
        for place, dimension in enumerate(split_by)
    ]
    passed = _passed(_steps_of(judged, cohort)).label("passed")
    varied = [
        _passed(_steps_of(judged, cohort, variation)).label(f"passed_{variation}")
        for variation in range(number_varied)
    ]
    split: list[ColumnElement[Any]] = [*values, passed, *varied]
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
    cohort: Cohort, event: CohortEvent, split_by: Sequence[Dimension]
) -> CompoundSelect[Any]:
    """Select a row for each class of such events of those who remain of a cohort.

    What they are split by as text, the patients as in `classes`, and a hash of each
    event, whose first bits are those of its patient's. Some come several times:
    PostgreSQL would sort them to find that out. What happened to a patient twice on one
    day, at visits in one hour, is one event. Of cohorts with steps those who remain in
    a variation alone have rows of their own: the last column says who remains. The
    classes of the cohort come besides.
    """
    judged = _judged(cohort, _entered(cohort, _OF_PATIENT).cte("entered")).cte("judged")
    view = _SOURCES[event.kind].view
    source = view.alias("event")
    values = _values(split_by, source, judged)
    remains = _remains(judged, cohort)
    columns: list[ColumnElement[Any]] = [
        *values,
        _members(source),
        gathered(func.int8send(event_hash(view, source))),
        *remains,
    ]
    is_there = source.c.occurred_on.is_not(None)
    selected = (
        select(*columns)
        .select_from(source)
        .join(judged, judged.c.patient_id == source.c.patient_id)
        .where(_remains_in_any(judged, cohort), is_there, _meets(event, source))
        .group_by(*values, *remains)
    )
    return _with_classes(selected, judged, cohort)


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
    source: FromClause
    events: FromClause
    is_such: ColumnElement[bool] = true()
    if event is None:
        wanted = _OF_PATIENT.union(_SPLIT[name] for name in split_by)
        entered = _entered(cohort, wanted, quantity)
        judged = _judged(cohort, entered.cte("entered")).cte("judged")
        source, events = judged, judged
    else:
        entered = _entered(cohort, _OF_PATIENT)
        judged = _judged(cohort, entered.cte("entered")).cte("judged")
        events = _SOURCES[event.kind].view.alias("event")
        source = events.join(judged, judged.c.patient_id == events.c.patient_id)
        is_such = and_(events.c.occurred_on.is_not(None), _meets(event, events))
    remains = _remains(judged, cohort)
    unit = func.coalesce(events.c.unit if "unit" in events.c else None, "")
    values = _values(split_by, events, judged)
    own = (
        select(
            *values,
            unit.label("unit"),
            events.c.patient_id,
            cast(func.avg(events.c[quantity]), Double).label("number"),
            *remains,
        )
        .select_from(source)
        .where(
            _remains_in_any(judged, cohort), is_such, events.c[quantity].is_not(None)
        )
        .group_by(*values, unit, events.c.patient_id, *remains)
        .cte("own")
    )
    split = [own.c[value.name] for value in values]
    pairs = gathered(own_pair(own.c.patient_id, own.c.number))
    remaining = [own.c[each.name] for each in remains]
    selected = select(*split, own.c.unit, pairs, *remaining)
    grouped = selected.group_by(*split, own.c.unit, *remaining)
    return _with_classes(grouped, judged, cohort)


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


def _values(
    split_by: Sequence[Dimension], events: FromClause, judged: FromClause
) -> list[Any]:
    """Return what events of a cohort are split by; of patients it knows that already.

    From the events it would be read of every patient who had such a one.
    """
    return [
        dimension_text(
            judged if _SPLIT[dimension] in _OF_PATIENT else events, dimension
        ).label(f"value_{place}")
        for place, dimension in enumerate(split_by)
    ]


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
    source = _SOURCES[cohort.entry.kind].view
    dated = source.c.occurred_on.is_not(None)
    of_sex = source.c.sex.in_([sex.value for sex in cohort.sexes])
    first = (source.c.patient_id, source.c.occurred_on)
    wanted = {*split, *(_SPLIT[dimension] for dimension in cohort.split_by)}
    if quantity:
        wanted |= {quantity, "unit"} & set(source.c.keys())
    return (
        select(*first, *(source.c[name] for name in sorted(wanted - {"occurred_on"})))
        .ext(distinct_on(source.c.patient_id))
        .where(dated, _meets(cohort.entry, source), of_sex if cohort.sexes else true())
        .order_by(*first)
    )


def _judged(cohort: Cohort, entered: CTE) -> Select[Any]:
    """Select who came in, which steps they pass, and which in each variation."""
    judged = entered
    had = {id(rule): _had(rule, entered) for step in cohort.steps for rule in step}
    if number_joined(cohort) or len(cohort.steps) > 1:
        # Inlined, each rule would be looked at for every variation that names it; of a
        # single step that stands alone none does.
        ruled = {each: f"rule_{place}" for place, each in enumerate(had)}
        columns = (had[each].label(name) for each, name in ruled.items())
        judged = select(entered, *columns).cte("ruled").prefix_with("MATERIALIZED")
        had = {each: judged.c[name] for each, name in ruled.items()}
    steps = _conditions(cohort, judged, lambda rule: had[id(rule)])
    varied = [each for step in steps for each in _varied(step)]
    return select(
        *(judged.c[each.name] for each in entered.c),
        *(rendered(step).label(f"step_{place}") for place, step in enumerate(steps)),
        *(each.label(f"variation_{place}") for place, each in enumerate(varied)),
    )


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
    is_one = and_(
        source.c.patient_id == entered.c.patient_id,
        is_named,
        _is_such(rule.event, source),
        _is_within(rule, source, entered),
    )
    if rule.times == 1:
        return exists().where(is_one)
    number = select(func.count()).select_from(source).where(is_one)
    return number.correlate(entered).scalar_subquery() >= rule.times


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
    sought: ColumnElement[str] = func.fold(words, type_=String)
    # Folding may make any of these, so they are escaped after it.
    for special in ("\\", "%", "_"):
        sought = func.replace(sought, special, f"\\{special}", type_=String)
    return or_(
        term_key.like(sought.concat("%")),
        term_key.like(literal("% ").concat(sought).concat("%")),
    )


def dimension_text(events: FromClause, dimension: Dimension) -> ColumnElement[str]:
    """Return what events are split by, as text.

    What somebody has typed is in quotes where it is a word of our own: else those whom
    it is said of would be counted with *others*, or with those who have none.
    """
    value: ColumnElement[Any] = events.c[_SPLIT[dimension]]
    if dimension in _FORMATS:
        value = func.to_char(value, _FORMATS[dimension])
    elif dimension in tables.OPEN:
        quoted = literal("“").concat(value).concat("”")
        value = case((value.in_(_RESERVED), quoted), else_=value)
    return func.coalesce(func.nullif(value, ""), tables.NO_VALUE)
