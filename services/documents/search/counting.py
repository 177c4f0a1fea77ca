"""How many documents a list has, told within a bounded time."""

from datetime import datetime
from functools import lru_cache

from sqlalchemy import Integer, func, literal_column, select
from sqlalchemy.orm import Session

from services.core.actors import Actor
from services.core.audit import Action
from services.documents.search.queries import (
    DocumentListQuery,
    DocumentListShape,
    belongs,
    prepare,
)
from services.lists.counting import MOST_COUNTED, counted
from services.lists.criteria import Count, Criteria
from services.lists.recording import record
from services.lists.statements import compiled


def count_documents(
    session: Session, actor: Actor, criteria: Criteria, *, now: datetime | None = None
) -> Count:
    """Count the documents, as far as that goes in a moment.

    Counting stops at 10,000; out of time, the planner's estimate is the answer. The
    transaction goes on as if nothing had been asked. Raises InvalidInput, NotAllowed.
    """
    asked = prepare(session, actor, criteria, now)
    count = _counted(session, asked)
    if not count.value and (corrected := asked.corrected(session)):
        count = _counted(session, corrected)
    record_count(session, actor, criteria, count)
    return count


def record_count(
    session: Session, actor: Actor, criteria: Criteria, count: Count
) -> None:
    """Write down that somebody was told how long a list is."""
    record(session, actor, Action.DOCUMENT_COUNT, criteria, count=str(count))


def _counted(session: Session, asked: DocumentListQuery) -> Count:
    return counted(
        session,
        asked.text(_count),
        asked.text(_explain),
        asked.parameters,
        settings=asked.settings,
    )


@lru_cache(maxsize=256)
def _count(shape: DocumentListShape) -> str:
    first = (
        select(literal_column("1", Integer))
        .select_from(shape.table)
        .where(belongs(shape))
    )
    bounded = first.limit(literal_column(str(MOST_COUNTED + 1))).subquery("first")
    return compiled(select(func.count()).select_from(bounded))


@lru_cache(maxsize=256)
def _explain(shape: DocumentListShape) -> str:
    all_of_them = select(literal_column("1", Integer)).select_from(shape.table)
    return f"EXPLAIN (FORMAT JSON) {compiled(all_of_them.where(belongs(shape)))}"
