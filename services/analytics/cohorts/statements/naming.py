"""Conditions of an event: its words or code, and all else that it is."""

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

from services.analytics.cohorts.model import CohortEvent, EventByTerms
from services.analytics.cohorts.statements.sources import SOURCES, has_others


@dataclass(frozen=True, slots=True)
class _Part:
    """Some of the rows that are such an event, asked for by themselves."""

    source: FromClause
    is_such: ColumnElement[bool]


def parts_of(event: CohortEvent) -> tuple[_Part, ...]:
    """Return where such events are: where terms are known, dated entries and all else.

    A join above a union is made of all its rows. By itself the view of dated entries is
    joined as the planner likes best, which knows how many patients have such a one.
    """
    view = SOURCES[event.kind].view.alias("event")
    if not isinstance(event, EventByTerms):
        return (_Part(view, _meets(event, view)),)
    dated = dated_entries(event)
    if not has_others(event):
        return (dated,)
    is_such = and_(is_named_elsewhere(event, view), is_such_event(event, view))
    return dated, _Part(view, is_such)


def dated_entries(event: EventByTerms) -> _Part:
    """Return the dated entries that are such an event."""
    source = SOURCES[event.kind]
    dated = (source.view if source.dated is None else source.dated).alias("dated")
    is_named = or_(dated.c.term_key.in_(event.terms), *_has_code(event, dated))
    return _Part(dated, and_(is_named, is_such_event(event, dated)))


def is_named_elsewhere(event: CohortEvent, source: FromClause) -> ColumnElement[bool]:
    """Return that something which is no dated entry has the words or the code.

    Of terms on lists and in notes the planner knows nothing, however many the patterns
    are. With a single one each is folded once, which takes longer than all else.
    """
    beginning = literal(" ").concat(source.c.term_key)
    pattern = literal("% ").concat(_sought(event.words.strip())).concat("%")
    is_named = or_(beginning.like(pattern), *_has_code(event, source))
    return and_(not_(source.c.is_entry), is_named)


def has_words_and_code(event: CohortEvent) -> bool:
    """Return whether an event is named by words as well as by a code."""
    return bool(event.words.strip() and event.code.strip())


def _meets(event: CohortEvent, source: FromClause) -> ColumnElement[bool]:
    """Return the condition that something of a source is such an event."""
    return and_(is_event_named(event, source), is_such_event(event, source))


def is_event_named(event: CohortEvent, source: FromClause) -> ColumnElement[bool]:
    """Return the condition that something has an event's words or its code, if any."""
    names = names_of(event, source)
    return or_(*names) if names else true()


def names_of(event: CohortEvent, source: FromClause) -> list[ColumnElement[bool]]:
    """Return that something has the words of an event, and that it has the code."""
    has_words = [_has_words(event, source)] if event.words.strip() else []
    return [*has_words, *_has_code(event, source)]


def _has_code(event: CohortEvent, source: FromClause) -> list[ColumnElement[bool]]:
    """Return that something has the code of an event; nothing where it has none."""
    return [source.c.code == code] if (code := event.code.strip()) else []


def is_such_event(event: CohortEvent, source: FromClause) -> ColumnElement[bool]:
    """Return the condition of everything else that an event is."""
    states = SOURCES[event.kind].states
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
