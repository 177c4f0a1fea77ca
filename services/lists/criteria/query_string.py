"""Criteria written as the parameters of a URL.

`1_field=last_name&1_operator=EQUAL&1_value=Doe&orderBy=date_of_birth&order=desc`:
indices may start anywhere and only group the three parts. Several values for IN, and
both ends for BETWEEN, are given by repeating `1_value` or with commas; several sort
keys with commas.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.lists.criteria import rules, values
from services.lists.criteria.model import (
    SEVERAL,
    Combine,
    Criteria,
    Direction,
    Fields,
    Filter,
    Group,
    Operator,
    Order,
    Value,
)

DEFAULT_PER_PAGE: Final = 10
MAX_PER_PAGE: Final = 1_000
_MAX_PAGE: Final = 10**9
_PART: Final = re.compile(r"(?P<index>[0-9]{1,9})_(?P<part>field|operator|value)")
_SINGLE: Final = frozenset(
    {"orderBy", "order", "page", "per_page", "search", "combine", "archived"}
)
_Word = TypeVar("_Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class QueryCriteria:
    """Criteria, and the numbered page of them that was requested."""

    criteria: Criteria
    page: int
    per_page: int


def from_query(pairs: Iterable[tuple[str, str]], fields: Fields) -> QueryCriteria:
    """Parse a URL's parameters, or raise InvalidInput naming the one that is wrong."""
    parts, single = _sort_out(pairs)
    criteria = Criteria(
        where=_read_where(parts, single, fields),
        search=single.get("search", "").strip(),
        orders=_read_orders(single),
        archived=_read_archived(single),
    )
    rules.validate(criteria, fields)
    return QueryCriteria(
        criteria,
        _read_number(single, "page", 1, _MAX_PAGE),
        _read_number(single, "per_page", DEFAULT_PER_PAGE, MAX_PER_PAGE),
    )


_Parts = dict[int, dict[str, list[str]]]


def _sort_out(pairs: Iterable[tuple[str, str]]) -> tuple[_Parts, dict[str, str]]:
    parts: _Parts = {}
    single: dict[str, str] = {}
    for name, value in pairs:
        if match := _PART.fullmatch(name):
            group = parts.setdefault(int(match["index"]), {})
            group.setdefault(match["part"], []).append(value)
        elif name not in _SINGLE:
            # Ignoring a misspelt parameter would show a longer list than was asked for.
            raise InvalidInput(
                name, Sentence('There is no parameter "{name}".', name=name[:40])
            )
        elif name in single:
            raise InvalidInput(name, _twice(name))
        else:
            single[name] = value
    return parts, single


def _read_where(parts: _Parts, single: dict[str, str], fields: Fields) -> Group:
    filters = (
        _read_filter(index, given, fields) for index, given in sorted(parts.items())
    )
    return Group(_read_word(single, "combine", Combine.AND), tuple(filters))


def _read_filter(index: int, given: dict[str, list[str]], fields: Fields) -> Filter:
    name = _only_value(given, index, "field")
    if name not in fields:
        raise rules.unknown_field(f"{index}_field", name, fields)
    operator = _operator(_only_value(given, index, "operator"), f"{index}_operator")
    if operator not in fields[name].comparisons:
        raise InvalidInput(
            f"{index}_operator",
            Sentence(
                "{label} cannot be compared by {operator}. Use one of: {comparisons}.",
                label=name,
                operator=operator,
                comparisons=", ".join(fields[name].comparisons),
            ),
        )
    return _checked(
        Filter(name, operator, _value(given, index, operator)), index, fields
    )


def _value(given: dict[str, list[str]], index: int, operator: Operator) -> Value:
    if operator not in SEVERAL:
        return _only_value(given, index, "value")
    repeated = given.get("value", [])
    if len(repeated) == 1:
        repeated = repeated[0].split(",")
    return tuple(value.strip() for value in repeated)


def _twice(name: str) -> Sentence:
    return Sentence("{name} is given more than once.", name=name)


def _checked(filter_: Filter, index: int, fields: Fields) -> Filter:
    try:
        values.read(fields[filter_.field], filter_)
    except InvalidInput as refusal:
        raise InvalidInput(f"{index}_value", refusal.args[0]) from None
    return filter_


def _only_value(given: dict[str, list[str]], index: int, part: str) -> str:
    texts = given.get(part, [])
    if len(texts) > 1:
        raise InvalidInput(f"{index}_{part}", _twice(f"{index}_{part}"))
    if not texts or not texts[0].strip():
        raise InvalidInput(
            f"{index}_{part}",
            Sentence(
                "{index}_{part} is missing: a filter is made of {index}_field, "
                "{index}_operator and {index}_value.",
                index=index,
                part=part,
            ),
        )
    return texts[0].strip()


def _operator(word: str, property_name: str) -> Operator:
    try:
        return Operator(word.upper())
    except ValueError:
        raise InvalidInput(
            property_name,
            Sentence(
                'There is no operator "{word}". The operators are {operators}.',
                word=word[:40],
                operators=", ".join(Operator),
            ),
        ) from None


def _read_orders(single: dict[str, str]) -> tuple[Order, ...]:
    names = _listed(single.get("orderBy", ""))
    directions = [
        _word(word, "order", Direction) for word in _listed(single.get("order", ""))
    ]
    if directions and not names:
        # If it were ignored, the list would seem to be sorted as requested.
        raise InvalidInput(
            "order", "order has no effect without orderBy; name a field."
        )
    if len(directions) > len(names):
        raise InvalidInput("order", "order has more parts than orderBy.")
    # The last direction holds for the remaining keys: "order=DESC" reverses the whole
    # list.
    while len(directions) < len(names):
        directions.append(directions[-1] if directions else Direction.ASC)
    return tuple(map(Order, names, directions))


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _read_archived(single: dict[str, str]) -> bool:
    word = single.get("archived", "false").strip().lower()
    if word not in {"true", "false"}:
        raise InvalidInput("archived", "archived must be true or false.")
    return word == "true"


def _read_word(single: dict[str, str], name: str, default: _Word) -> _Word:
    return _word(single[name], name, type(default)) if name in single else default


def _word(text: str, name: str, words: type[_Word]) -> _Word:
    try:
        return words(text.strip().upper())
    except ValueError:
        raise InvalidInput(
            name,
            Sentence(
                "{label} must be one of: {choices}.",
                label=name,
                choices=", ".join(words),
            ),
        ) from None


def _read_number(single: dict[str, str], name: str, default: int, most: int) -> int:
    text = single.get(name, str(default)).strip()
    if not re.fullmatch("[0-9]{1,10}", text) or not 1 <= int(text) <= most:
        raise InvalidInput(
            name,
            Sentence(
                "{label} must be a whole number from 1 to {most:,}.",
                label=name,
                most=most,
            ),
        )
    return int(text)
