"""What the conditions of a query name of a patient: terms, codes, what was measured."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import (
    Alias,
    BinaryExpression,
    BindParameter,
    BooleanClauseList,
    ClauseElement,
    ColumnElement,
    FromClause,
    Join,
    TableClause,
)
from sqlalchemy.dialects.postgresql import psycopg2
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import ColumnClause, ExpressionClauseList
from sqlalchemy.sql.visitors import cloned_traverse, iterate

from services.analytics.cohorts import tables
from services.analytics.group_attributes import (
    NO_ATTRIBUTES,
    GroupAttributes,
    attributes_of,
)
from services.analytics.joined_conditions import render
from services.analytics.queries.model import CountSpec

_DIALECT: Final = psycopg2.PGDialect_psycopg2()  # type: ignore[no-untyped-call]
_WORDS: Final = frozenset({"term", "term_key", "code"})
_VALUE: Final = "value"
_VITALS: Final = "vitals"
_LIKE: Final = {operators.like_op, operators.ilike_op}
_MATCH_ALL: Final = "%"
_UNORDERED: Final = {operators.and_, operators.or_}
_MIRRORED: Final = {
    operators.eq: operators.eq,
    operators.ne: operators.ne,
    operators.lt: operators.gt,
    operators.gt: operators.lt,
    operators.le: operators.ge,
    operators.ge: operators.le,
}
# The names that reading gives the views of a query, by their positions in it.
_BOUND: Final = re.compile(r"%\((\w+)\)s")
_PLACE: Final = re.compile(r"\bview_\d+\b")


def attributes_of_query(counted: CountSpec) -> GroupAttributes | None:
    """Return the attributes of the members of each number; None if it is by words.

    Days, ages, sexes and hours name nothing, nor does the fact that somebody was
    measured.
    """
    if tables.OPEN_DIMENSIONS & set(counted.by):
        return None
    conditions = [*counted.conditions, *_join_conditions(counted.rows)]
    if counted.joined is not None:
        conditions.append(render(counted.joined))
    named = (_text_of(each) for each in conditions if _is_attribute(each))
    return NO_ATTRIBUTES.union(*(attributes_of(*said) for said in named))


def _join_conditions(rows: FromClause) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions after ON."""
    if not isinstance(rows, Join):
        return
    yield from _join_conditions(rows.left)
    on = rows.onclause
    parts = on.clauses if isinstance(on, BooleanClauseList) else [on]
    yield from (each for each in parts if each is not None)


def _is_attribute(condition: ClauseElement) -> bool:
    if isinstance(condition, ColumnClause) and (
        condition.name == _VALUE
        or (condition.name in _WORDS and _view_of(condition) != _VITALS)
    ):
        return True
    if isinstance(condition, BinaryExpression) and _is_match_all(condition):
        return False
    parts = condition.get_children()
    return any(_is_attribute(each) for each in parts if isinstance(each, ClauseElement))


def _is_match_all(condition: BinaryExpression[Any]) -> bool:
    """Return whether a pattern only requires that there is a term or a code."""
    pattern = condition.right
    return (
        condition.operator in _LIKE
        and isinstance(pattern, BindParameter)
        and set(str(pattern.value)) == {_MATCH_ALL}
    )


def _view_of(column: ColumnClause[Any]) -> str:
    """Return the name of the view that a column is of, whatever its alias."""
    named = getattr(column.table, "element", column.table)
    return named.name if isinstance(named, TableClause) else ""


def _text_of(condition: ColumnElement[bool]) -> tuple[str, tuple[Any, ...]]:
    """Return a condition as text and values, equal in whatever order it is written."""
    return _compiled(cloned_traverse(condition, {}, _IN_ORDER))


def _order_clauses(clauses: ExpressionClauseList[Any]) -> None:
    if clauses.operator in _UNORDERED:
        clauses.clauses = tuple(sorted(clauses.clauses, key=_sort_key))


def _order_sides(comparison: BinaryExpression[Any]) -> None:
    mirrored = _MIRRORED.get(comparison.operator)
    sides = comparison.left, comparison.right
    if mirrored and _sort_key(sides[0]) > _sort_key(sides[1]):
        comparison.right, comparison.left = sides
        comparison.operator = mirrored


def _sort_key(part: ClauseElement) -> str:
    return str(_compiled(part))


def _compiled(condition: ClauseElement) -> tuple[str, tuple[Any, ...]]:
    """Return a condition as text, in which a view has no position in the query."""
    compiled = condition.compile(
        dialect=_DIALECT, compile_kwargs={"render_postcompile": True}
    )
    views = {
        str(each.table.name): _view_of(each)
        for each in iterate(condition)
        if isinstance(each, ColumnClause) and isinstance(each.table, Alias)
    }
    # Everything typed is bound, so nothing else in the text has such a name.
    text = _PLACE.sub(lambda place: views[place[0]], str(compiled))
    values = tuple(compiled.params[name] for name in _BOUND.findall(text))
    return _BOUND.sub("?", text), values


_IN_ORDER: Final[Mapping[str, Callable[[Any], None]]] = {
    ExpressionClauseList.__visit_name__: _order_clauses,
    BinaryExpression.__visit_name__: _order_sides,
}
