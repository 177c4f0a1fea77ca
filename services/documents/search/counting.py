"""How many documents a list has, counted within a bounded time."""

from datetime import datetime

from sqlalchemy.orm import Session

from services.core.actors import Actor
from services.core.audit import Action
from services.documents.search.pages import DOCUMENT_LISTS
from services.lists import counting
from services.lists.criteria import Count, Criteria
from services.lists.recording import record


def count_documents(
    session: Session, actor: Actor, criteria: Criteria, *, now: datetime | None = None
) -> Count:
    """Count the documents, as far as the time limit allows.

    Raises InvalidInput, NotAllowed.
    """
    return counting.count(session, actor, DOCUMENT_LISTS, criteria, now)


def record_count(
    session: Session, actor: Actor, criteria: Criteria, count: Count
) -> None:
    """Record that somebody was shown the length of a list."""
    record(session, actor, Action.DOCUMENT_COUNT, criteria, count=str(count))
