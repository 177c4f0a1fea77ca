"""Who came in, and which rules and steps each patient passes."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on

from services.analytics.cohorts.model import Cohort, EventByTerms, Rule, WindowSide
from services.analytics.cohorts.statements.dimensions import (
    PATIENT_COLUMNS,
    SPLIT_COLUMNS,
)
from services.analytics.cohorts.statements.event_conditions import (
    dated_entries,
    event_rows_of,
    has_words_and_code,
    has_words_or_code,
    is_between,
    is_named_outside_entries,
    is_within_bounds,
    word_and_code_conditions,
)
from services.analytics.cohorts.statements.sources import SOURCES, has_other_sources
from services.analytics.joined_conditions import (
    AnyOf,
    Condition,
    Existing,
    Negated,
    Predicate,
    find_joined,
    render,
    variations,
)

# Columns that are the same in all events of a patient on a day.
_OF_A_DAY: Final = PATIENT_COLUMNS | {
    "patient_id",
    "occurred_on",
    "month",
    "quarter",
    "age",
    "age_band",
}


@dataclass(frozen=True, slots=True)
class Variation:
    """A cohort in which a condition is taken to hold for everybody, or for nobody.

    `step`, counted from 1, is where the condition is. If `is_alone`, it is a step of a
    single rule as a whole, which could as well be left out of the question.
    """

    step: int
    is_alone: bool


def variations_of(cohort: Cohort) -> tuple[Variation, ...]:
    """Return the variations of a cohort, in the order of its statements.

    There are two for each rule that OR or NOT joins, and for words and a code joined in
    this way: as if it held for nobody, and as if for everybody. And there is one for
    each step of a single rule, as if the step were not there.
    """
    view = SOURCES[cohort.entry.kind].view
    steps = _conditions(cohort, view, lambda _: true())
    return tuple(
        Variation(place, is_alone)
        for place, step in enumerate(steps, start=1)
        for is_alone in _are_alone(step)
    )


def number_joined(cohort: Cohort) -> int:
    """Return how many conditions OR or NOT joins; each of them has two variations."""
    return sum(not each.is_alone for each in variations_of(cohort)) // 2


def _are_alone(step: AnyOf) -> list[bool]:
    """Return, for each variation of a step, whether it is the step as a whole."""
    alone = [True] if _is_alone(step) else []
    return [False] * (2 * len(list(find_joined(step)))) + alone


def _vary(step: AnyOf) -> tuple[ColumnElement[bool], ...]:
    """Return a step in each of its variations."""
    return variations(step) + ((true(),) if _is_alone(step) else ())


def _is_alone(step: AnyOf) -> bool:
    """Return whether a step is a single rule without NOT."""
    return len(step.parts) == 1 and not isinstance(step.parts[0], Negated)


def number_passed(steps: Sequence[ColumnElement[bool]]) -> ColumnElement[int]:
    """Return how many steps were passed before the first that was not."""
    failed: list[tuple[ColumnElement[bool], ColumnElement[Any]]] = [
        (~step, literal_column(str(n))) for n, step in enumerate(steps)
    ]
    # PostgreSQL would take a bare number in GROUP BY for the position of a column.
    everything = cast(literal_column(str(len(steps))), Integer)
    return case(*failed, else_=everything) if steps else everything


def steps_of(
    evaluated: CTE, cohort: Cohort, variation: int | None = None
) -> list[ColumnElement[bool]]:
    """Return the conditions of passing each step, as they are or in a variation."""
    steps: list[ColumnElement[bool]] = [
        evaluated.c[f"step_{number}"] for number in range(len(cohort.steps))
    ]
    if variation is not None:
        place = variations_of(cohort)[variation].step - 1
        steps[place] = evaluated.c[f"variation_{variation}"]
    return steps


def evaluate_steps(
    cohort: Cohort, split: Collection[str] = (), quantity: str = ""
) -> CTE:
    """Return who came in, with the given columns, and which steps each passes."""
    entered = _within_entry_bounds(
        cohort, _select_entered(cohort, split, quantity)
    ).cte("entered")
    return _select_evaluated(cohort, entered).cte("evaluated")


def _within_entry_bounds(cohort: Cohort, entered: Select[Any]) -> Select[Any]:
    """Select those of whom the first event lies within the cohort's bounds for it."""
    if not cohort.entry_bounds:
        return entered
    first = entered.subquery("first_events")
    return select(first).where(is_between(cohort.entry_bounds, first))


def _select_entered(
    cohort: Cohort, split: Collection[str], quantity: str
) -> Select[Any]:
    """Select the first event by which each patient comes in, with the given columns.

    Of several at once, these columns decide: otherwise the same question would have
    another answer whenever PostgreSQL reads them in another order.
    """
    view = SOURCES[cohort.entry.kind].view
    wanted = {*split, *(SPLIT_COLUMNS[dimension] for dimension in cohort.split_by)}
    if cohort.entry_bounds:
        wanted.add("age")
    if quantity:
        wanted |= {quantity, "unit"} & set(view.c.keys())
    names = ["patient_id", "occurred_on", *sorted(wanted - {"occurred_on"})]
    sexes = [sex.value for sex in cohort.sexes]
    sources = event_rows_of(cohort.entry)
    parts = [
        select(*(part.source.c[name] for name in names)).where(
            part.source.c.occurred_on.is_not(None),
            part.condition,
            part.source.c.sex.in_(sexes) if sexes else true(),
        )
        for part in sources
    ]
    if len(parts) == 1:
        (selected,) = parts
        first = selected.selected_columns
        # Of the events of a day, only visits have an order.
        hours = [each.source.c.hour for each in sources if "hour" in view.c]
        unlike = [first[name] for name in names if name not in _OF_A_DAY]
        return selected.ext(distinct_on(first.patient_id)).order_by(
            first.patient_id, first.occurred_on, *hours, *unlike
        )
    rows = union_all(*parts).subquery("let_in")
    unlike = [rows.c[name] for name in names if name not in _OF_A_DAY]
    place = func.row_number().over(
        partition_by=rows.c.patient_id, order_by=[rows.c.occurred_on, *unlike]
    )
    numbered = select(rows, place.label("place")).subquery("numbered")
    # The planner knows nothing about the patients in a union: it assumes that DISTINCT
    # ON leaves 200 rows of them, and looks up events for each of these one by one. A
    # condition that a number is no larger than another it assumes to hold for a third.
    return select(*(numbered.c[name] for name in names)).where(numbered.c.place <= 1)


def _select_evaluated(cohort: Cohort, entered: CTE) -> Select[Any]:
    """Select who came in, which steps they pass, and which in each variation."""
    evaluated: FromClause = entered
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
        # Inlined, each rule would be evaluated for every variation that names it; a
        # single step that stands alone has no such variation.
        ruled = {each: f"rule_{place}" for place, each in enumerate(had)}
        columns = (had[each].label(name) for each, name in ruled.items())
        rows = select(entered, *columns).select_from(source)
        evaluated = source = rows.cte("ruled").prefix_with("MATERIALIZED")
        had = {each: evaluated.c[name] for each, name in ruled.items()}
    steps = _conditions(cohort, evaluated, lambda rule: had[id(rule)])
    varied = [each for step in steps for each in _vary(step)]
    return select(
        *(evaluated.c[each.name] for each in entered.c),
        *(render(step).label(f"step_{place}") for place, step in enumerate(steps)),
        *(each.label(f"variation_{place}") for place, each in enumerate(varied)),
    ).select_from(source)


def _matches(rule: Rule, event: EventByTerms, entered: CTE) -> Select[Any]:
    """Select who came in and had dated entries as a rule says, and how many.

    All patients at once: known terms are found through an index, whereas a condition on
    each patient looks at all entries of one patient after the other.
    """
    dated = dated_entries(event)
    is_of_rule = and_(
        dated.source.c.patient_id == entered.c.patient_id,
        dated.condition,
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
    """Return the condition of `_had`, given the number of matching dated entries.

    For patients who have enough of them, neither undated lists nor notes of visits are
    read.
    """
    number = func.coalesce(matches, literal_column("0"), type_=BigInteger)
    is_enough = number >= rule.times
    if not has_other_sources(rule.event):
        return is_enough
    source = SOURCES[rule.event.kind].view.alias()
    is_named = is_named_outside_entries(rule.event, source)
    if rule.times == 1:
        return or_(is_enough, _had_often(rule, source, entered, is_named))
    more = _number_of(rule, source, entered, is_named)
    return or_(is_enough, number + more >= rule.times)


def _conditions(
    cohort: Cohort, entered: FromClause, had: Callable[[Rule], ColumnElement[bool]]
) -> tuple[AnyOf, ...]:
    """Return a condition for each step, in which OR and NOT join its rules.

    OR also joins the words and the code of a rule if another event has both: of two
    events that are each one of two things, AND says what OR would.
    """
    events = [cohort.entry, *(rule.event for step in cohort.steps for rule in step)]
    are_counted = sum(map(has_words_and_code, events)) > 1

    def condition(rule: Rule) -> Condition:
        is_met: Condition = (
            _with_names(rule, entered, had(rule))
            if are_counted and has_words_and_code(rule.event)
            else Predicate(had(rule))
        )
        return is_met if rule.has else Negated(is_met)

    return tuple(AnyOf(tuple(map(condition, step))) for step in cohort.steps)


def _with_names(
    rule: Rule, entered: FromClause, known: ColumnElement[bool]
) -> Existing:
    """Return the condition that a rule was met, by words or by a code."""
    source = SOURCES[rule.event.kind].view.alias()
    return Existing(
        AnyOf(tuple(map(Predicate, word_and_code_conditions(rule.event, source)))),
        lambda is_named: _had_often(rule, source, entered, is_named),
        known,
    )


def _had(rule: Rule, entered: FromClause) -> ColumnElement[bool]:
    """Return the condition that somebody had the event of a rule often enough."""
    source = SOURCES[rule.event.kind].view.alias()
    return _had_often(rule, source, entered, has_words_or_code(rule.event, source))


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
        is_within_bounds(rule.event, source),
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
