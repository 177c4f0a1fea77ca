"""What the conditions of a query name of a patient: words, codes, what was measured."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import BooleanClauseList, ColumnElement, FromClause, Join, TableClause
from sqlalchemy.dialects.postgresql import psycopg2
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ColumnClause

from services.analytics.cohorts import tables
from services.analytics.joined_conditions import rendered
from services.analytics.namings import NOTHING, Naming, naming_of
from services.analytics.queries.model import Counted

_DIALECT: Final = psycopg2.PGDialect_psycopg2()  # type: ignore[no-untyped-call]
_WORDS: Final = frozenset({"term", "term_key", "code"})
_VALUE: Final = "value"
_VITALS: Final = "vitals"


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


def _names(condition: ColumnElement[bool]) -> bool:
    return any(
        each.name == _VALUE or (each.name in _WORDS and _view_of(each) != _VITALS)
        for each in visitors.iterate(condition)
        if isinstance(each, ColumnClause)
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
