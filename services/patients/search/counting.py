"""How many patients a list has, told within a bounded time."""

from datetime import datetime
from functools import lru_cache

from sqlalchemy import Connection, Integer, func, literal_column, select
from sqlalchemy.orm import Session

from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.lists import counting
from services.lists.counting import MOST_COUNTED, counted
from services.lists.criteria import Count, Criteria
from services.lists.recording import record
from services.lists.statements import compiled
from services.patients.search.queries import (
    PATIENTS,
    PatientListQuery,
    PatientListShape,
    belongs,
    prepare,
)


def count_patients(
    session: Session, actor: Actor, criteria: Criteria, *, now: datetime | None = None
) -> Count:
    """Count the patients, as far as that goes in a moment.

    Counting stops at 10,000; out of time, the planner's estimate is the answer. The
    transaction goes on as if nothing had been asked. Raises InvalidInput, NotAllowed.
    """
    actor.require(Permission.LIST_PATIENTS)
    asked = prepare(session, actor, criteria, now)
    count = counted(session, asked.text(_count), asked.text(_explain), asked.parameters)
    record(session, actor, Action.PATIENT_COUNT, criteria, count=str(count))
    return count


def estimate(connection: Connection, asked: PatientListQuery) -> int:
    """Return the planner's guess, which costs next to nothing."""
    return counting.estimate(connection, asked.text(_explain), asked.parameters)


@lru_cache(maxsize=256)
def _count(shape: PatientListShape) -> str:
    first = (
        select(literal_column("1", Integer)).select_from(PATIENTS).where(belongs(shape))
    )
    bounded = first.limit(literal_column(str(MOST_COUNTED + 1))).subquery("first")
    return compiled(select(func.count()).select_from(bounded))


@lru_cache(maxsize=256)
def _explain(shape: PatientListShape) -> str:
    all_of_them = select(literal_column("1", Integer)).select_from(PATIENTS)
    return f"EXPLAIN (FORMAT JSON) {compiled(all_of_them.where(belongs(shape)))}"
