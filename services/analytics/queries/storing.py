"""Queries under an opaque key, as they were typed."""

from typing import Final

from sqlalchemy.orm import Session

from services.analytics.queries.model import Query
from services.analytics.queries.parsing import parse
from services.core.actors import Actor, Permission
from services.core.errors import Unavailable
from services.lists import views
from services.lists.subjects import Subject

QUERIES: Final = Subject(
    "queries",
    {},
    lambda actor: actor.require(Permission.COUNT_COHORTS),
    lambda _actor, _criteria: None,
    keeps_criteria=False,
)


class UnreadableQuery(Unavailable):
    """A newer version of the app kept the query, with parts unknown to this one."""

    def __init__(self) -> None:
        super().__init__(
            "This query was saved by a newer version of the app. Open it again once "
            "all servers are up to date."
        )


def remember(session: Session, actor: Actor, query: Query) -> str:
    """Keep the query and return the key that recalls it; the caller commits.

    Raises NotAllowed.
    """
    return views.store(session, actor, {"sql": query.text}, subject=QUERIES)


def recall_text(session: Session, actor: Actor, key: str) -> str:
    """Return the text under the key, to be read again.

    Raises UnreadableQuery, NotFound, NotAllowed.
    """
    kept = views.load(session, actor, key, subject=QUERIES)
    text = kept.get("sql")
    if not isinstance(text, str) or len(kept) != 1:
        raise UnreadableQuery
    return text


def recall(session: Session, actor: Actor, key: str) -> Query:
    """Return a query by its key.

    Raises QueryRefused, UnreadableQuery, NotFound, NotAllowed.
    """
    return parse(recall_text(session, actor, key))
