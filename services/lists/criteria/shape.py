"""Criteria taken apart: the shape of their filters, and the values typed into them.

Two lists that differ only in what was typed have the same shape. SQL is built and
compiled once for a shape; values are bound each time, so that the planner sees them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from services.lists.criteria import rules, values
from services.lists.criteria.model import (
    Combine,
    Criteria,
    Field,
    Fields,
    Filter,
    Group,
    Kind,
    Operator,
)
from services.lists.criteria.patterns import containing


@dataclass(frozen=True, slots=True)
class Leaf:
    """A filter without its values, of which there are `arity`.

    `is_interval` means that values come in pairs, the begin and the end of what is
    wanted; of a pair, a range comparison needs one end only. `has_trigrams` means that
    the text is long enough for a trigram index to help.
    """

    field: str
    kind: Kind
    operator: Operator
    arity: int
    is_denied: bool
    is_interval: bool = False
    has_trigrams: bool = False


@dataclass(frozen=True, slots=True)
class Branch:
    """A group without its values."""

    combine: Combine
    members: tuple["Leaf | Branch", ...]


@dataclass(frozen=True, slots=True)
class FoldedText:
    """Text to be folded first, and turned into a pattern if parts are looked for.

    With `has_accents` it is only lowercased.
    """

    text: str
    is_pattern: bool
    has_accents: bool


@dataclass(frozen=True, slots=True)
class TermLookup:
    """Text that stands for spellings which the database must look up first."""

    field: str
    text: str
    is_whole_words: bool


@dataclass(frozen=True, slots=True)
class FilterQuery:
    """The filters of criteria: their shape, and the values in its order."""

    shape: Branch
    values: tuple[object, ...]


_REVERSED: Final = MappingProxyType(
    {
        Operator.LESS_THAN: Operator.GREATER_THAN,
        Operator.LESS_THAN_OR_EQUAL: Operator.GREATER_THAN_OR_EQUAL,
        Operator.GREATER_THAN: Operator.LESS_THAN,
        Operator.GREATER_THAN_OR_EQUAL: Operator.LESS_THAN_OR_EQUAL,
    }
)
_TRIGRAM: Final = 3
_USES_START: Final = {Operator.LESS_THAN, Operator.GREATER_THAN_OR_EQUAL}
_USES_END: Final = {Operator.LESS_THAN_OR_EQUAL, Operator.GREATER_THAN}


def parameterize(criteria: Criteria, fields: Fields, now: datetime) -> FilterQuery:
    """Split the filters into shape and values, or raise InvalidInput.

    `now` sets the day for ages, and the time zone for typed days.
    """
    rules.validate(criteria, fields)
    read_values: list[object] = []
    shape = _branch(criteria.where, fields, now, read_values)
    return FilterQuery(shape, tuple(read_values))


def _branch(
    group: Group, fields: Fields, now: datetime, read_values: list[object]
) -> Branch:
    members: list[Leaf | Branch] = []
    for member in group.members:
        if isinstance(member, Filter):
            leaf, read = _leaf(member, fields[member.field], now)
            members.append(leaf)
            read_values.extend(read)
        elif any(member.filters()):
            members.append(_branch(member, fields, now, read_values))
    return Branch(group.combine, tuple(members))


def _leaf(
    filter_: Filter, field: Field, now: datetime
) -> tuple[Leaf, Sequence[object]]:
    operator, read = filter_.operator, values.read(field, filter_)
    if operator is Operator.IS_EMPTY:
        return Leaf(field.name, field.kind, operator, 0, is_denied=not read[0]), ()
    is_part = operator is Operator.CONTAINS
    intervals = _intervals(field, operator, read, now)
    if intervals is not None:
        if field.kind is Kind.AGE:
            # The older somebody is, the earlier the day of birth.
            operator = _REVERSED.get(operator, operator)
        read = _ends(operator, intervals)
    match field.kind:
        case Kind.TEXT:
            read = tuple(
                FoldedText(str(text), is_part, field.has_accents) for text in read
            )
        case Kind.PHONE if is_part:
            read = tuple(containing(str(digits)) for digits in read)
        case Kind.LIST if field.choices:
            read = tuple([choice] for choice in read)
        case Kind.LIST if operator in _REVERSED:
            read = tuple(FoldedText(str(text), False, False) for text in read)
        case Kind.LIST:
            read = tuple(
                TermLookup(field.name, str(text), not is_part) for text in read
            )
    return Leaf(
        field.name,
        field.kind,
        operator,
        arity=len(read),
        is_denied=operator is Operator.NOT_EQUAL,
        is_interval=intervals is not None,
        has_trigrams=is_part and len(str(filter_.value).strip()) >= _TRIGRAM,
    ), read


_Intervals = list[tuple[object, object]]


def _intervals(
    field: Field, operator: Operator, read: Sequence[object], now: datetime
) -> _Intervals | None:
    """Return the begin and end of each value; None if values are compared as is."""
    if operator is Operator.IN_THE_LAST:
        return [_last(field, read[0], now)]
    intervals: _Intervals
    match field.kind:
        case Kind.AGE:
            intervals = _birth_intervals(read, now)
        case Kind.TIMESTAMP:
            intervals = _timestamp_intervals(read, now)
        case Kind.DATE if operator is Operator.BETWEEN or _has_year(read):
            intervals = [values.day_interval(day) for day in read]
        case Kind.DECIMAL if operator is Operator.BETWEEN:
            numbers = (number for number in read if isinstance(number, Decimal))
            intervals = [(number, number + values.STEP) for number in numbers]
        case _ if operator is Operator.BETWEEN:
            intervals = [(number, int(str(number)) + 1) for number in read]
        case _:
            return None
    if operator is not Operator.BETWEEN:
        return intervals
    if field.kind is Kind.AGE:
        intervals.reverse()
    (begin, _), (_, end) = intervals
    return [(begin, end)]


def _has_year(read: Sequence[object]) -> bool:
    return any(isinstance(value, int) for value in read)


def _last(field: Field, span: object, now: datetime) -> tuple[object, object]:
    """Return the first of the days that end with today, and tomorrow."""
    if not isinstance(span, values.Span):
        raise TypeError(type(span))
    first, end = span.first_day(now.date()), now.date() + timedelta(1)
    if field.kind is Kind.DATE:
        return first, end
    midnights = (datetime.combine(day, time.min, now.tzinfo) for day in (first, end))
    return next(midnights), next(midnights)


def _birth_intervals(read: Sequence[object], now: datetime) -> _Intervals:
    ages = (age for age in read if isinstance(age, int))
    return [values.birth_interval(age, now.date()) for age in ages]


def _timestamp_intervals(read: Sequence[object], now: datetime) -> _Intervals:
    timestamps = (values.read_timestamp(str(text), now) for text in read)
    return [timestamp for timestamp in timestamps if timestamp]


def _ends(operator: Operator, intervals: _Intervals) -> tuple[object, ...]:
    """Return the ends of the intervals that the operator compares with."""
    if operator in _USES_START:
        return tuple(start for start, _ in intervals)
    if operator in _USES_END:
        return tuple(end for _, end in intervals)
    return tuple(end for interval in intervals for end in interval)
