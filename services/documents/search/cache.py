"""Lists that many look at, kept in this process until some document changes.

A change in any process drops them all: the database tells it at the commit, and a list
is read anew from a server that shows the change. Each look is written down as ever.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from db.models.document import Document
from db.postgres import Lsn, Read
from services.core.actors import Role
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
        self._opened: CacheRegion[bool] = CacheRegion(
            "confidential documents",
            seconds=_SECONDS,
            most=_MOST_LISTS,
            changes=listener,
        )
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
        scope = self._scope_of(on_behalf, after)
        # A list that asks for days changes at night.
        list_key = criteria, at, is_counted, now.date(), str(now.tzinfo)
        wanted = None if scope is None else (scope, *list_key)
        if (cached := self._lists.find(wanted, after)) is not None:
            _record(on_behalf, criteria, cached.value)
            return cached

        def operation(session: Session) -> Lasting[CachedPage]:
            page = read_page(session, actor, DOCUMENT_LISTS, criteria, at, now=now)
            count = None
            if is_counted and page.is_whole:
                count = Count(len(page.rows))
                record_count(session, actor, criteria, count)
            elif is_counted:
                count = count_documents(session, actor, criteria, now=now)
            # Asked after the list: what came to be confidential and theirs in between
            # is on it for them alone, and is not kept for their colleagues.
            is_theirs = scope is Role.STAFF and _opens_confidential(session)
            return Lasting(CachedPage(page, count), 0 if is_theirs else None)

        return self._lists.read(
            wanted, lambda fresh_at: on_behalf.read(operation, after=fresh_at), after
        )

    def _scope_of(
        self, on_behalf: ActorDatabase, after: Lsn | None
    ) -> Role | UUID | None:
        """Return who sees the same as this actor.

        Not what a clinician sees: it ends by itself when a record that was broken open
        is closed again, which nobody tells. The front desk sees the same but for those
        who filed something confidential or are named for it.
        """
        actor = on_behalf.actor
        match actor.role:
            case Role.STAFF:
                opens = self._opened.look(
                    actor.id,
                    lambda fresh_at: on_behalf.read(
                        lambda session: Lasting(_opens_confidential(session)),
                        after=fresh_at,
                    ),
                    after,
                )
                return actor.id if opens.value else actor.role
            case Role.PATIENT:
                return actor.id
            case _:
                return None


def _opens_confidential(session: Session) -> bool:
    """Tell whether any confidential document is shown to whoever asks."""
    return bool(session.scalar(select(exists().where(Document.confidential))))


def _record(on_behalf: ActorDatabase, criteria: Criteria, look: CachedPage) -> None:
    actor = on_behalf.actor

    def operation(session: Session) -> None:
        record_page(session, actor, criteria, look.page.rows)
        if look.count is not None:
            record_count(session, actor, criteria, look.count)

    on_behalf.record(operation)
