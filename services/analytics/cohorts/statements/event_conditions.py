"""The conditions of an event: its words or code, and everything else about it."""

from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    FromClause,
    String,
    and_,
    func,
    literal,
    not_,
    or_,
    true,
)

from services.analytics.cohorts.model import (
    CohortEvent,
    EntryBounds,
    EventByTerms,
    EventKind,
)
from services.analytics.cohorts.statements.sources import SOURCES, has_other_sources


@dataclass(frozen=True, slots=True)
class _EventRows:
    """Some of the rows that match an event, selected separately."""

    source: FromClause
    condition: ColumnElement[bool]


def event_rows_of(event: CohortEvent) -> tuple[_EventRows, ...]:
    """Return where matching events are; with known terms, dated entries and all else.

    A join with a union reads all rows of the union. On its own, the view of dated
    entries is joined as the planner prefers, which knows how many patients have such an
    entry.
    """
    view = SOURCES[event.kind].view.alias("event")
    if not isinstance(event, EventByTerms):
        return (_EventRows(view, is_match(event, view)),)
    dated = dated_entries(event)
    if not has_other_sources(event):
        return (dated,)
    is_such = and_(is_named_outside_entries(event, view), is_within_bounds(event, view))
    return dated, _EventRows(view, is_such)


def dated_entries(event: EventByTerms) -> _EventRows:
    """Return the dated entries that match the event."""
    source = SOURCES[event.kind]
    dated = (source.view if source.dated is None else source.dated).alias("dated")
    is_named = or_(dated.c.term_key.in_(event.terms), *_has_code(event, dated))
    return _EventRows(dated, and_(is_named, is_within_bounds(event, dated)))


def is_named_outside_entries(
    event: CohortEvent, source: FromClause
) -> ColumnElement[bool]:
    """Return the condition that a row is no dated entry and has the words or the code.

    The planner knows nothing about the terms on lists and in notes, however many
    patterns there are. With a single pattern each term is folded once, and folding
    takes longer than all else.
    """
    beginning = literal(" ").concat(source.c.term_key)
    pattern = literal("% ").concat(_escaped_for_like(event.words.strip())).concat("%")
    is_named = or_(beginning.like(pattern), *_has_code(event, source))
    return and_(not_(source.c.is_entry), is_named)


def has_words_and_code(event: CohortEvent) -> bool:
    """Return whether an event is named both by words and by a code."""
    return bool(event.words.strip() and event.code.strip())


def is_match(event: CohortEvent, source: FromClause) -> ColumnElement[bool]:
    """Return the condition that a row of the source matches the event."""
    return and_(has_words_or_code(event, source), is_within_bounds(event, source))


def has_words_or_code(event: CohortEvent, source: FromClause) -> ColumnElement[bool]:
    """Return the condition that a row has the event's words or its code, if any."""
    names = word_and_code_conditions(event, source)
    return or_(*names) if names else true()


def word_and_code_conditions(
    event: CohortEvent, source: FromClause
) -> list[ColumnElement[bool]]:
    """Return the conditions that a row has an event's words, and that it has a code."""
    has_words = [_has_words(event, source)] if event.words.strip() else []
    return [*has_words, *_has_code(event, source)]


def _has_code(event: CohortEvent, source: FromClause) -> list[ColumnElement[bool]]:
    """Return the condition that a row has an event's code; empty if there is none."""
    return [source.c.code == code] if (code := event.code.strip()) else []


def is_within_bounds(event: CohortEvent, source: FromClause) -> ColumnElement[bool]:
    """Return the condition for everything else that the event requires."""
    states = SOURCES[event.kind].states
    conditions: list[ColumnElement[bool]] = []
    if states:
        conditions.append(source.c.status.in_(states))
    if event.at_least is not None:
        conditions.append(source.c.value >= event.at_least)
    if event.at_most is not None:
        conditions.append(source.c.value <= event.at_most)
    return and_(is_between(event, source), *conditions)


def is_between(
    bounds: CohortEvent | EntryBounds, source: FromClause
) -> ColumnElement[bool]:
    """Return the condition that a row lies between ages and between days."""
    conditions: list[ColumnElement[bool]] = []
    for name, lowest, highest in (
        ("age", bounds.from_age, bounds.to_age),
        ("occurred_on", bounds.since, bounds.until),
    ):
        if lowest is not None:
            conditions.append(source.c[name] >= lowest)
        if highest is not None:
            conditions.append(source.c[name] <= highest)
    return and_(true(), *conditions)


def _has_words(event: CohortEvent, source: FromClause) -> ColumnElement[bool]:
    """Return the condition that a row has the words of an event.

    For dated entries the terms may be known. All else, and the other branches of their
    view, are matched by patterns.
    """
    term_key: ColumnElement[str] = source.c.term_key
    words = event.words.strip()
    if event.kind is EventKind.DOCUMENT:
        # A type is stored as lab_report, and everybody knows it as Lab report.
        term_key = func.replace(term_key, "_", " ", type_=String)
        words = words.replace("_", " ")
    has_words = _is_like(term_key, words)
    if not isinstance(event, EventByTerms):
        return has_words
    is_known = source.c.term_key.in_(event.terms)
    return or_(
        and_(source.c.is_entry, is_known), and_(not_(source.c.is_entry), has_words)
    )


def _is_like(term_key: ColumnElement[str], words: str) -> ColumnElement[bool]:
    """Return the condition that a term has words, from the beginning of a word on.

    `diabetes` does not match Prediabetes. The patterns apply to the bare column: for
    these the planner knows how many terms match, whereas for any other condition it
    assumes a third.
    """
    sought = _escaped_for_like(words)
    return or_(
        term_key.like(sought.concat("%")),
        term_key.like(literal("% ").concat(sought).concat("%")),
    )


def _escaped_for_like(words: str) -> ColumnElement[str]:
    """Return words in their folded form, escaped for a pattern."""
    sought: ColumnElement[str] = func.fold(words, type_=String)
    # Folding may produce any of these characters, so they are escaped afterwards.
    for special in ("\\", "%", "_"):
        sought = func.replace(sought, special, f"\\{special}", type_=String)
    return sought
