"""Criteria in plain English."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import groupby
from types import MappingProxyType
from typing import Final

from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.lists.criteria import values
from services.lists.criteria.dates import read_date, read_year
from services.lists.criteria.model import (
    OPERATORS,
    Combine,
    Count,
    Criteria,
    Field,
    Fields,
    Filter,
    Group,
    Kind,
    Operator,
)

_TEXT_LABELS = MappingProxyType(
    {
        Operator.EQUAL: "is",
        Operator.NOT_EQUAL: "is not",
        Operator.LESS_THAN: "comes before",
        Operator.LESS_THAN_OR_EQUAL: "is or comes before",
        Operator.GREATER_THAN: "comes after",
        Operator.GREATER_THAN_OR_EQUAL: "is or comes after",
        Operator.CONTAINS: "contains",
        Operator.STARTS_WITH: "starts with",
        Operator.IN: "is one of",
        Operator.IS_EMPTY: "is empty",
    }
)
_DATE_LABELS = MappingProxyType(
    {
        Operator.EQUAL: "is on",
        Operator.NOT_EQUAL: "is not on",
        Operator.LESS_THAN: "is before",
        Operator.LESS_THAN_OR_EQUAL: "is on or before",
        Operator.GREATER_THAN: "is after",
        Operator.GREATER_THAN_OR_EQUAL: "is on or after",
        Operator.BETWEEN: "is between",
        Operator.IN_THE_LAST: "is in the last",
        Operator.IN: "is one of",
        Operator.IS_EMPTY: "is empty",
    }
)
_AGE_LABELS = MappingProxyType(
    {
        Operator.EQUAL: "is",
        Operator.NOT_EQUAL: "is not",
        Operator.LESS_THAN: "is under",
        Operator.LESS_THAN_OR_EQUAL: "is at most",
        Operator.GREATER_THAN: "is over",
        Operator.GREATER_THAN_OR_EQUAL: "is at least",
        Operator.BETWEEN: "is between",
        Operator.IN: "is one of",
    }
)
_SIZE_LABELS = MappingProxyType(
    {
        Operator.LESS_THAN: "is under",
        Operator.LESS_THAN_OR_EQUAL: "is at most",
        Operator.GREATER_THAN: "is over",
        Operator.GREATER_THAN_OR_EQUAL: "is at least",
        Operator.BETWEEN: "is between",
    }
)
_YEAR_LABELS = MappingProxyType(
    {
        Operator.EQUAL: "is",
        Operator.NOT_EQUAL: "is not",
        Operator.LESS_THAN: "is before",
        Operator.LESS_THAN_OR_EQUAL: "is or is before",
        Operator.GREATER_THAN: "is after",
        Operator.GREATER_THAN_OR_EQUAL: "is or is after",
        Operator.BETWEEN: "is between",
        Operator.IN: "is one of",
    }
)
_LIST_LABELS = MappingProxyType(
    {
        Operator.HAS: "include",
        Operator.NOT_EQUAL: "do not include",
        Operator.CONTAINS: "have an entry containing",
        Operator.IS_EMPTY: "are empty",
    }
)
_LABELS: Final = MappingProxyType(
    {
        Kind.DATE: _DATE_LABELS,
        Kind.TIMESTAMP: _DATE_LABELS,
        Kind.AGE: _AGE_LABELS,
        Kind.YEAR: _YEAR_LABELS,
        Kind.LIST: _LIST_LABELS,
        Kind.NUMBER: _AGE_LABELS,
        Kind.DECIMAL: _AGE_LABELS,
        Kind.SIZE: _SIZE_LABELS,
    }
)

# The text between a phrase ("born") and a day.
_PREPOSITIONS: Final = MappingProxyType(
    {
        Operator.EQUAL: "on",
        Operator.NOT_EQUAL: "on",
        Operator.LESS_THAN: "before",
        Operator.LESS_THAN_OR_EQUAL: "on or before",
        Operator.GREATER_THAN: "after",
        Operator.GREATER_THAN_OR_EQUAL: "on or after",
        Operator.IN: "on",
    }
)
_AGES: Final = MappingProxyType(
    {
        Operator.EQUAL: "aged {}",
        Operator.NOT_EQUAL: "not aged {}",
        Operator.LESS_THAN: "younger than {}",
        Operator.LESS_THAN_OR_EQUAL: "aged {} or younger",
        Operator.GREATER_THAN: "older than {}",
        Operator.GREATER_THAN_OR_EQUAL: "aged {} or older",
        Operator.BETWEEN: "aged {}",
        Operator.IN: "aged {}",
    }
)
_TEXTS: Final = MappingProxyType(
    {
        Operator.LESS_THAN_OR_EQUAL: "is {} or comes before it",
        Operator.GREATER_THAN_OR_EQUAL: "is {} or comes after it",
        Operator.IN: "is {}",
    }
)


def operator_label(operator: Operator, kind: Kind) -> str:
    """Return the text between a field's name and a value."""
    labels = _LABELS.get(kind, _TEXT_LABELS)
    if operator not in labels or operator not in (*OPERATORS[kind], Operator.IS_EMPTY):
        raise InvalidInput(
            "operator",
            Sentence(
                "{operator} does not compare a {kind}.", operator=operator, kind=kind
            ),
        )
    return labels[operator]


def sentence(
    criteria: Criteria,
    fields: Fields,
    count: Count | None,
    *,
    noun: tuple[str, str] = ("patient", "patients"),
    archived: str = "archived",
) -> str:
    """Return a sentence about the list: "41 patients born after 1 January 1980".

    Without a `count` it is "Patients born after 1 January 1980".
    """
    words, is_one = [], False
    if count is not None:
        is_none = count.is_exact and count.value == 0
        is_one = count.value == 1 and (count.is_exact or count.is_estimate)
        words.append("No" if is_none else str(count))
    if criteria.archived:
        words.append(archived)
    words.append(noun[0] if is_one else noun[1])
    words.extend(_conditions(criteria, fields))
    said = " ".join(words)
    return said if count else f"{said[:1].upper()}{said[1:]}"


def _conditions(criteria: Criteria, fields: Fields) -> list[str]:
    effective = criteria.where.simplified()
    where = _combined(effective, fields)
    if not criteria.search.strip():
        return [where] if where else []
    matching = f"matching {_quoted(' '.join(criteria.search.split()))}"
    if not where:
        return [matching]
    is_mixed = effective.combine is Combine.OR
    return [matching, "and", f"({where})" if is_mixed else where]


def _combined(group: Group, fields: Fields) -> str:
    phrases = [
        _phrase(fields[member.field], member)
        if isinstance(member, Filter)
        else f"({_combined(member, fields)})"
        for member in group.members
    ]
    return _listed(phrases, "and" if group.combine is Combine.AND else "or")


def _phrase(field: Field, filter_: Filter) -> str:
    typed = values.read(field, filter_)
    if filter_.operator is Operator.IS_EMPTY or field.kind is Kind.FLAG:
        return _statement(field, filter_.operator, is_true=bool(typed[0]))
    spoken = [_spoken(field, value) for value in typed]
    said = _listed(spoken, "or")
    if filter_.operator is Operator.BETWEEN:
        said = (" to " if field.kind is Kind.AGE else " and ").join(spoken)
    match field.kind:
        case Kind.DATE | Kind.TIMESTAMP | Kind.YEAR:
            is_denied = filter_.operator is Operator.NOT_EQUAL
            when = _when(filter_.operator, spoken)
            return f"{'not ' if is_denied else ''}{field.phrase} {when}"
        case Kind.AGE:
            return _AGES[filter_.operator].format(said)
        case Kind.LIST:
            return _list_phrase(field, filter_.operator, said)
        case Kind.NUMBER | Kind.DECIMAL | Kind.SIZE:
            compared = _LABELS[field.kind][filter_.operator].replace("is one of", "is")
            return f"whose {_lowered(field.label)} {compared} {said}"
        case _:
            template = _TEXTS.get(
                filter_.operator, f"{_TEXT_LABELS[filter_.operator]} {{}}"
            )
            return f"whose {_lowered(field.label)} {template.replace('{}', said)}"


def _statement(field: Field, operator: Operator, *, is_true: bool) -> str:
    when_true, when_false = field.statements
    if when_true:
        return when_true if is_true else when_false
    label = _lowered(field.label)
    if operator is Operator.IS_EMPTY:
        return f"with no {label}" if is_true else f"with {_article(label)} {label}"
    return f"{'with' if is_true else 'without'} {label}"


def _when(operator: Operator, spoken: Sequence[str]) -> str:
    """Put the right preposition before each day and each year."""
    if operator is Operator.IN_THE_LAST:
        return f"in the last {spoken[0]}"
    if operator is Operator.BETWEEN:
        return f"between {' and '.join(spoken)}"
    grouped = groupby(spoken, key=lambda text: text.isdigit())
    return _listed(
        [
            f"{_preposition(operator, is_year=is_year)} {_listed(list(same), 'or')}"
            for is_year, same in grouped
        ],
        "or",
    )


def _preposition(operator: Operator, *, is_year: bool) -> str:
    preposition = _PREPOSITIONS[operator]
    return preposition.replace("on", "in") if is_year else preposition


def _list_phrase(field: Field, operator: Operator, said: str) -> str:
    match operator:
        case Operator.NOT_EQUAL:
            return f"{field.denial} {said}"
        case Operator.CONTAINS:
            return f"{field.phrase} something containing {_quoted(said)}"
        case Operator.HAS | Operator.EQUAL:
            return f"{field.phrase} {said}"
        case _:
            compared = _TEXT_LABELS[operator].replace("comes", "come")
            return f"whose {_lowered(field.label)} {compared} {_quoted(said)}"


def _spoken(field: Field, value: object) -> str:
    match field.kind:
        case Kind.DATE if isinstance(value, date):
            return f"{value:%-d %B %Y}"
        case Kind.TIMESTAMP if isinstance(value, str):
            return _spoken_timestamp(value)
        case Kind.TEXT | Kind.PHONE:
            return _quoted(str(value))
        case Kind.CHOICE | Kind.LIST if field.choices:
            return _lowered(field.label_of(str(value)))
        case Kind.SIZE:
            return _spoken_size(int(str(value)))
        case _:
            return str(value)


def _spoken_timestamp(typed: str) -> str:
    if read_year(typed):
        return typed
    day = read_date(typed)
    if day:
        return f"{day:%-d %B %Y}"
    interval = values.read_timestamp(typed, datetime.now(UTC))
    return f"{interval[0]:%-d %B %Y %H:%M}" if interval else typed


def _spoken_size(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes"


def _quoted(text: str) -> str:
    return f"“{text}”"


def _listed(phrases: Sequence[str], conjunction: str) -> str:
    *firsts, last = phrases or [""]
    return f"{', '.join(firsts)} {conjunction} {last}" if firsts else last


def _lowered(label: str) -> str:
    return label[:1].lower() + label[1:]


def _article(label: str) -> str:
    return "an" if label[:1] in "aeiou" else "a"
