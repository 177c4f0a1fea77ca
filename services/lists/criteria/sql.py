"""The shape of criteria as a condition in SQL; everything typed is a parameter."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.lists.criteria.model import Combine, Kind, Operator
from services.lists.criteria.shape import Branch, Leaf


@dataclass(frozen=True, slots=True)
class Target:
    """The expression for a field, in the form that it is compared in.

    `wider` is an indexed text that contains the column's own, so that a search inside
    the column can use that index first.
    """

    column: ColumnElement[Any]
    wider: ColumnElement[Any] | None = None

    @classmethod
    def folded(cls, column: ColumnElement[Any]) -> "Target":
        """Return the target for a text that is folded for each comparison."""
        return cls(func.fold(column, type_=Text).collate("C"))


@dataclass(frozen=True, slots=True)
class RowTarget:
    """A field stored in rows of its own for each record that has it.

    The field's kind chooses the column. `having` turns a condition on such a row into
    one on the record: that a matching row exists.
    """

    columns: Mapping[Kind, ColumnElement[Any]]
    having: Callable[[ColumnElement[bool]], ColumnElement[bool]]


Targets = Mapping[str, Target | RowTarget]


def joined(column: ColumnElement[Any]) -> ColumnElement[str]:
    """Return a list as one folded text, by which lists are compared and sorted."""
    text = func.array_to_string(column, literal_column("', '"), type_=Text)
    return func.fold(text, type_=Text).collate("C")


_EMPTY_LIST: Final = cast(literal_column("'{}'"), ARRAY(Text))


def condition(shape: Branch, targets: Targets) -> ColumnElement[bool]:
    """Return the condition for the shape, with the parameters of `parameter_names`."""
    return _condition(shape, targets, _Parameters())


def parameter_names(count: int) -> list[str]:
    """Return the names of a shape's parameters, in the order of its values."""
    return [_name(position) for position in range(count)]


class _Parameters:
    """Hands out a condition's parameters in order."""

    def __init__(self) -> None:
        self._count = 0

    def next(self, column: ColumnElement[Any]) -> BindParameter[Any]:
        name = _name(self._count)
        self._count += 1
        return bindparam(name, type_=column.type)


def _name(position: int) -> str:
    return f"value_{position}"


def _condition(
    shape: Branch | Leaf, targets: Targets, parameters: _Parameters
) -> ColumnElement[bool]:
    if isinstance(shape, Leaf):
        target = targets[shape.field]
        if isinstance(target, RowTarget):
            return _comparison_of_row(shape, target, parameters)
        return _comparison(shape, target, parameters)
    if not shape.members:
        return true()
    combine = and_ if shape.combine is Combine.AND else or_
    return combine(*(_condition(m, targets, parameters) for m in shape.members))


def _comparison_of_row(
    leaf: Leaf, target: RowTarget, parameters: _Parameters
) -> ColumnElement[bool]:
    if leaf.operator is Operator.IS_EMPTY:
        has_one = target.having(true())
        return has_one if leaf.is_denied else ~has_one
    column = Target(target.columns[leaf.kind])
    if leaf.operator is not Operator.NOT_EQUAL:
        return target.having(_comparison(leaf, column, parameters))
    # A record without any value does not have this one either.
    equal = replace(leaf, operator=Operator.EQUAL, is_denied=False)
    return ~target.having(_comparison(equal, column, parameters))


def _comparison(
    leaf: Leaf, target: Target, parameters: _Parameters
) -> ColumnElement[bool]:
    if leaf.operator is Operator.IS_EMPTY:
        is_empty = _is_empty(leaf.kind, target.column)
        return ~is_empty if leaf.is_denied else is_empty
    if leaf.is_interval:
        return _within(leaf, target.column, parameters)
    if leaf.kind is Kind.LIST and leaf.operator in _RANGES:
        entries = joined(target.column)
        typed = [parameters.next(entries)]
        return _compared(leaf.operator, entries, typed)
    if leaf.kind is Kind.LIST:
        overlaps = target.column.bool_op("&&")(parameters.next(target.column))
        return ~overlaps if leaf.is_denied else overlaps
    typed = [parameters.next(target.column) for _ in range(leaf.arity)]
    if leaf.operator is Operator.CONTAINS:
        return _contains(target, typed[0], by_index=leaf.has_trigrams)
    return _compared(leaf.operator, target.column, typed)


def _is_empty(kind: Kind, column: ColumnElement[Any]) -> ColumnElement[bool]:
    if kind is Kind.LIST:
        return column == _EMPTY_LIST
    if kind in {Kind.DATE, Kind.TIMESTAMP}:
        return column.is_(None)
    return or_(column.is_(None), column == literal_column("''"))


def _within(
    leaf: Leaf, column: ColumnElement[Any], parameters: _Parameters
) -> ColumnElement[bool]:
    if leaf.operator in {Operator.LESS_THAN, Operator.LESS_THAN_OR_EQUAL}:
        return column < parameters.next(column)
    if leaf.operator in {Operator.GREATER_THAN, Operator.GREATER_THAN_OR_EQUAL}:
        return column >= parameters.next(column)
    inside = or_(
        *(
            and_(column >= parameters.next(column), column < parameters.next(column))
            for _ in range(leaf.arity // 2)
        )
    )
    # A record without a day does not have this one either.
    return inside.is_not(true()) if leaf.is_denied else inside


def _compared(
    operator: Operator, column: ColumnElement[Any], typed: Sequence[BindParameter[Any]]
) -> ColumnElement[bool]:
    value = typed[0]
    match operator:
        case Operator.IN:
            return column.in_(typed)
        case Operator.NOT_EQUAL:
            # A patient without an e-mail address does not have this one either.
            return column.is_distinct_from(value)
        case Operator.STARTS_WITH:
            return column.bool_op("^@")(value)
        case _:
            return column.bool_op(_SIGNS[operator])(value)


_RANGES: Final = {
    Operator.LESS_THAN,
    Operator.LESS_THAN_OR_EQUAL,
    Operator.GREATER_THAN,
    Operator.GREATER_THAN_OR_EQUAL,
}
_SIGNS: Final = {
    Operator.EQUAL: "=",
    Operator.LESS_THAN: "<",
    Operator.LESS_THAN_OR_EQUAL: "<=",
    Operator.GREATER_THAN: ">",
    Operator.GREATER_THAN_OR_EQUAL: ">=",
}


def _contains(
    target: Target, pattern: BindParameter[Any], *, by_index: bool
) -> ColumnElement[bool]:
    matches = target.column.like(pattern)
    # With less than a trigram the whole index would be scanned, which PostgreSQL does
    # not even interrupt at a time limit.
    if target.wider is None or not by_index:
        return matches
    return and_(target.wider.like(pattern), matches)
