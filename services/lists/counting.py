"""Counting the rows of a list within a bounded time."""

import json
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Integer, Select, func, literal_column, select
from sqlalchemy.orm import Session

from services.core.actors import Actor
from services.lists.criteria import Count, Criteria
from services.lists.queries import ListDefinition, ListQuery, ListShape, prepare
from services.lists.recording import record
from services.lists.statements import compiled, run_within

MOST_COUNTED: Final = 10_000
# Leaves room in the promised 150 ms for the round trip and for an estimate.
LIMIT_MILLISECONDS: Final = 80


def count(
    session: Session,
    actor: Actor,
    definition: ListDefinition[Any, Any, Any],
    criteria: Criteria,
    now: datetime | None,
) -> Count:
    """Count the rows of a list, within a time limit.

    Counting stops at 10,000; after the limit, the planner's estimate is the answer. The
    transaction continues as if nothing had happened. Raises InvalidInput, NotAllowed.
    """
    definition.subject.require_list(actor)
    query = prepare(session, actor, definition, criteria, now)
    counted = _counted(session, query)
    if not counted.value and (corrected := query.corrected(session)):
        counted = _counted(session, corrected)
    record(session, actor, definition.counted, criteria, count=str(counted))
    return counted


def count_searched(
    session: Session,
    actor: Actor,
    definition: ListDefinition[Any, Any, Any],
    search: str,
) -> Count:
    """Count what a search finds, for somebody who is still typing.

    As with `pages.peek`, the caller records who was shown what. Raises InvalidInput,
    NotAllowed.
    """
    definition.subject.require_list(actor)
    criteria = Criteria(search=search)
    return _counted(session, prepare(session, actor, definition, criteria, None))


def estimate(session: Session, query: ListQuery[Any, Any]) -> int:
    """Return the planner's estimate, which costs next to nothing."""
    session.flush()
    connection = session.connection()
    plans = connection.exec_driver_sql(query.text(_explain), query.parameters)
    plan = plans.scalar_one()
    (root,) = json.loads(plan) if isinstance(plan, str) else plan
    return int(root["Plan"]["Plan Rows"])


def _counted(session: Session, query: ListQuery[Any, Any]) -> Count:
    statement, settings = query.text(_count), query.shape.settings
    rows = run_within(
        session, LIMIT_MILLISECONDS, statement, query.parameters, settings=settings
    )
    if rows is None:
        return Count(estimate(session, query), is_exact=False, is_estimate=True)
    ((number,),) = rows
    return Count(min(number, MOST_COUNTED), number <= MOST_COUNTED)


@lru_cache(maxsize=512)
def _count(shape: ListShape[Any, Any]) -> str:
    first = _ones(shape).limit(literal_column(str(MOST_COUNTED + 1)))
    return compiled(select(func.count()).select_from(first.subquery("first")))


@lru_cache(maxsize=512)
def _explain(shape: ListShape[Any, Any]) -> str:
    return f"EXPLAIN (FORMAT JSON) {compiled(_ones(shape))}"


def _ones(shape: ListShape[Any, Any]) -> Select[Any]:
    constant = literal_column("1", Integer)
    return shape.select(constant)
