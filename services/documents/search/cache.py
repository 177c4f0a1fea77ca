"""Lists that many people look at, cached in this process until a document changes.

A change in any process drops them all: the database announces it at the commit, and a
list is then read again from a server that has the change. Each look is recorded as
usual.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from db.models.document import Document
from db.postgres import Lsn, Read
from services.core.actor_database import ActorDatabase
from services.core.actors import Role
from services.documents.records import visibility
from services.documents.search.counting import count_documents, record_count
from services.documents.search.fields import require_visible
from services.documents.search.pages import DOCUMENT_LISTS, DocumentPage, record_page
from services.lists.cache import CacheRegion, ChangeListener, ExpiringValue
from services.lists.criteria import Count, Criteria
from services.lists.pages import PagePosition, read_page

_SECONDS: Final = 300.0
_MOST_LISTS: Final = 256


@dataclass(frozen=True, slots=True)
class CachedPage:
    """A page of a list and, if requested, the length of the list."""

    page: DocumentPage
    count: Count | None


class DocumentListCache:
    """The lists that this process caches, for five minutes at most."""

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

        Nothing older than `after` is shown. Raises what reading and counting raise.
        """
        actor = on_behalf.actor
        with on_behalf.recording_refusals():
            visibility.require_view(actor)
            require_visible(actor, criteria)
        scope = self._scope_of(on_behalf, after)
        # Criteria that depend on days give another list after midnight.
        list_key = criteria, at, is_counted, now.date(), str(now.tzinfo)
        wanted = None if scope is None else (scope, *list_key)
        if (cached := self._lists.find(wanted, after)) is not None:
            _record(on_behalf, criteria, cached.value)
            return cached

        def operation(session: Session) -> ExpiringValue[CachedPage]:
            page = read_page(session, actor, DOCUMENT_LISTS, criteria, at, now=now)
            count = None
            if is_counted and page.is_whole:
                count = Count(len(page.rows))
                record_count(session, actor, criteria, count)
            elif is_counted:
                count = count_documents(session, actor, criteria, now=now)
            # Checked after reading the list: if a document became confidential and
            # theirs in between, the list has it for them alone, and is not cached for
            # their colleagues.
            is_theirs = scope is Role.STAFF and _opens_confidential(session)
            return ExpiringValue(CachedPage(page, count), 0 if is_theirs else None)

        return self._lists.read(
            wanted, lambda fresh_at: on_behalf.read(operation, after=fresh_at), after
        )

    def _scope_of(
        self, on_behalf: ActorDatabase, after: Lsn | None
    ) -> Role | UUID | None:
        """Return a key for those who see the same lists as this actor, or None.

        A clinician's lists are not cached: emergency access to a record ends by itself,
        without any announcement. The front desk all sees the same, except those who
        filed something confidential or are named for it.
        """
        actor = on_behalf.actor
        match actor.role:
            case Role.STAFF:
                opens = self._opened.look(
                    actor.id,
                    lambda fresh_at: on_behalf.read(
                        lambda session: ExpiringValue(_opens_confidential(session)),
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
    """Return whether the session's identity may see any confidential document."""
    return bool(session.scalar(select(exists().where(Document.confidential))))


def _record(on_behalf: ActorDatabase, criteria: Criteria, look: CachedPage) -> None:
    actor = on_behalf.actor

    def operation(session: Session) -> None:
        record_page(session, actor, criteria, look.page.rows)
        if look.count is not None:
            record_count(session, actor, criteria, look.count)

    on_behalf.record(operation)
