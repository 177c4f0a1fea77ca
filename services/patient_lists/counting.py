"""How many patients a list has, told within a bounded time."""

import json
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, Integer, func, literal_column, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from services.actors import Actor, Permission
from services.audit import Action
from services.criteria import Count, Criteria
from services.patient_lists.queries import PATIENTS, Asked, Shape, belongs, prepare
from services.patient_lists.recording import record
from services.patient_lists.statements import compiled, limited, ran_out_of_time

MOST_COUNTED: Final = 10_000
# Leaves room in the promised 150 ms for the way there and back, and for an estimate.
_LIMIT_MILLISECONDS: Final = 80


def count_patients(
    session: Session, actor: Actor, criteria: Criteria, *, now: datetime | None = None
) -> Count:
    """Count the patients, as far as that goes in a moment.

    Counting stops at 10,000; out of time, the planner's estimate is the answer. The
    transaction goes on as if nothing had been asked. Raises InvalidInput, NotAllowed.
    """
    actor.require(Permission.LIST_PATIENTS)
    asked = prepare(session, actor, criteria, now)
    count = _counted(session, asked)
    record(session, actor, Action.PATIENT_COUNT, criteria, count=str(count))
    return count


def _counted(session: Session, asked: Asked) -> Count:
    session.flush()
    connection = session.connection()
    try:
        with limited(connection, _LIMIT_MILLISECONDS):
            found = _scalar(connection, asked.text(_count), asked.parameters)
    except OperationalError as error:
        if not ran_out_of_time(error):
            raise
        return Count(estimate(connection, asked), is_exact=False, is_estimate=True)
    is_exact = found <= MOST_COUNTED
    return Count(min(found, MOST_COUNTED), is_exact)


def estimate(connection: Connection, asked: Asked) -> int:
    """Return the planner's guess, which costs next to nothing."""
    plan = _scalar(connection, asked.text(_explain), asked.parameters)
    (root,) = json.loads(plan) if isinstance(plan, str) else plan
    return int(root["Plan"]["Plan Rows"])


def _scalar(
    connection: Connection, statement: str, parameters: dict[str, object]
) -> Any:
    return connection.exec_driver_sql(statement, parameters).scalar_one()


@lru_cache(maxsize=256)
def _count(shape: Shape) -> str:
    first = (
        select(literal_column("1", Integer)).select_from(PATIENTS).where(belongs(shape))
    )
    bounded = first.limit(literal_column(str(MOST_COUNTED + 1))).subquery("first")
    return compiled(select(func.count()).select_from(bounded))


@lru_cache(maxsize=256)
def _explain(shape: Shape) -> str:
    all_of_them = select(literal_column("1", Integer)).select_from(PATIENTS)
    return f"EXPLAIN (FORMAT JSON) {compiled(all_of_them.where(belongs(shape)))}"
