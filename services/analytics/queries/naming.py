"""What the conditions of a query name of a patient: words, codes, what was measured."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import (
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
from sqlalchemy.sql.elements import ColumnClause

from services.analytics.cohorts import tables
from services.analytics.joined_conditions import rendered
from services.analytics.namings import NOTHING, Naming, naming_of
from services.analytics.queries.model import Counted

_DIALECT: Final = psycopg2.PGDialect_psycopg2()  # type: ignore[no-untyped-call]
_WORDS: Final = frozenset({"term", "term_key", "code"})
_VALUE: Final = "value"
_VITALS: Final = "vitals"
_LIKE: Final = {operators.like_op, operators.ilike_op}
_ANYTHING: Final = "%"


def naming_of_query(counted: Counted) -> Naming | None:
    """Return what is named of who is in each number, None where that is by words.

    Days, ages, sexes and hours name nothing, nor does that somebody was measured.
    """
    if tables.OPEN & set(counted.by):
        return None
    conditions = [*counted.conditions, *_tied(counted.rows)]
    if counted.joined is not None:
        conditions.append(rendered(counted.joined))
    named = (_text_of(each) for each in conditions if _names(each))
    return NOTHING.union(*(naming_of(*said) for said in named))


def _tied(rows: FromClause) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions that stand after ON."""
    if not isinstance(rows, Join):
        return
    yield from _tied(rows.left)
    on = rows.onclause
    parts = on.clauses if isinstance(on, BooleanClauseList) else [on]
    yield from (each for each in parts if each is not None)


def _names(condition: ClauseElement) -> bool:
    if isinstance(condition, ColumnClause) and (
        condition.name == _VALUE
        or (condition.name in _WORDS and _view_of(condition) != _VITALS)
    ):
        return True
    if isinstance(condition, BinaryExpression) and _fits_all(condition):
        return False
    parts = condition.get_children()
    return any(_names(each) for each in parts if isinstance(each, ClauseElement))


def _fits_all(condition: BinaryExpression[Any]) -> bool:
    """Return whether a pattern says no more than that there are words or a code."""
    pattern = condition.right
    return (
        condition.operator in _LIKE
        and isinstance(pattern, BindParameter)
        and set(str(pattern.value)) == {_ANYTHING}
    )


def _view_of(column: ColumnClause[Any]) -> str:
    """Return the name of the view that a column is of, whatever it is called here."""
    named = getattr(column.table, "element", column.table)
    return named.name if isinstance(named, TableClause) else ""


def _text_of(condition: ColumnElement[bool]) -> tuple[str, dict[str, Any]]:
    compiled = condition.compile(
        dialect=_DIALECT, compile_kwargs={"render_postcompile": True}
    )
    return str(compiled), dict(compiled.params)
