"""Lists that many look at, kept in this process until some document changes.

A change in any process drops them all: the database tells it at the commit, and a list
is read anew from a server that shows the change. Each look is written down as ever.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from db.postgres import Lsn, Read
from services.core.actors import Actor, Role
from services.core.on_behalf import ActorDatabase
from services.documents.records import visibility
from services.documents.search.counting import count_documents, record_count
from services.documents.search.fields import require_visible
from services.documents.search.pages import DOCUMENT_LISTS, DocumentPage, record_page
from services.lists.cache import CacheRegion, ChangeListener, Lasting
from services.lists.criteria import Count, Criteria
from services.lists.pages import PagePosition, read_page

_SECONDS: Final = 300.0
_MOST_LISTS: Final = 256


@dataclass(frozen=True, slots=True)
class CachedPage:
    """A page of a list and, if it was asked for, how long the list is."""

    page: DocumentPage
    count: Count | None


class DocumentListCache:
    """The lists that this process keeps, for five minutes at most."""

    def __init__(self, listener: ChangeListener) -> None:
        self._lists: CacheRegion[CachedPage] = CacheRegion(
            "documents", seconds=_SECONDS, most=_MOST_LISTS, changes=listener
        )

    def look(
        self,
        on_behalf: ActorDatabase,
        criteria: Criteria,
        at: PagePosition,
        *,
        now: datetime,
        is_counted: bool = True,
        after: Lsn | None = None,
    ) -> Read[CachedPage]:
        """Return a page, as list_documents does, and the count of the list.

        Nothing older than `after` is shown. Raises what the two of them raise.
        """
        actor = on_behalf.actor
        with on_behalf.recording_refusals():
            visibility.require_view(actor)
            require_visible(actor, criteria)
        scope = _scope_of(actor)
        # A list that asks for days changes at night.
        list_key = criteria, at, is_counted, now.date(), str(now.tzinfo)
        wanted = None if scope is None else (scope, *list_key)
        if (cached := self._lists.find(wanted, after)) is not None:
            _record(on_behalf, criteria, cached.value)
            return cached

        def operation(session: Session) -> Lasting[CachedPage]:
            page = read_page(session, actor, DOCUMENT_LISTS, criteria, at, now=now)
            if not is_counted:
                return Lasting(CachedPage(page, None))
            count = count_documents(session, actor, criteria, now=now)
            return Lasting(CachedPage(page, count))

        return self._lists.read(
            wanted, lambda fresh_at: on_behalf.read(operation, after=fresh_at), after
        )


def _scope_of(actor: Actor) -> Role | UUID | None:
    """Return who sees the same as this actor.

    Not what a clinician sees: it ends by itself when a record that was broken open is
    closed again, which nobody tells.
    """
    match actor.role:
        case Role.STAFF:
            return actor.role
        case Role.PATIENT:
            return actor.id
        case _:
            return None


def _record(on_behalf: ActorDatabase, criteria: Criteria, look: CachedPage) -> None:
    actor = on_behalf.actor

    def operation(session: Session) -> None:
        record_page(session, actor, criteria, look.page.rows)
        if look.count is not None:
            record_count(session, actor, criteria, look.count)

    on_behalf.record(operation)
