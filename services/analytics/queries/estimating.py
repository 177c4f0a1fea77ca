"""What PostgreSQL expects a query to cost, before it is run."""

from math import floor, log10
from typing import Any, Final

from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.orm import Session

from services.analytics.queries import statements
from services.analytics.queries.executing import run_within_limit
from services.analytics.queries.model import Query
from services.core.actors import Actor, Permission

_LEAST: Final = 100
_DIALECT: Final = psycopg.PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]


def estimate(session: Session, actor: Actor, query: Query) -> int:
    """Return the planner's cost, rounded to one digit, for unknown values.

    Given the values, the planner would look them up in its statistics, and the cost
    would reveal how frequent they are, which no rule would see. Raises
    QueryTakesTooLong, NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    statement = statements.select_counted(query.counted)
    words = str(
        statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    )
    explain = f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {words}"
    [[plan]] = run_within_limit(session, explain, {})
    return _rounded(_cost(plan))


def _cost(plan: Any) -> float:
    return float(plan[0]["Plan"]["Total Cost"])


def _rounded(cost: float) -> int:
    if cost <= _LEAST:
        return _LEAST
    unit: int = 10 ** floor(log10(cost))
    return round(cost / unit) * unit
