"""Lists that many look at, kept in this process until some document changes.

A change in any process drops them all: the database tells it at the commit, and a list
is read anew from a server that shows the change. Each look is written down as ever.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from time import monotonic
from typing import Final, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from db.postgres import Lsn, Read, Served
from db.postgres.listening import ChangeMark
from services.core.actors import Actor, Role
from services.core.on_behalf import ActorDatabase
from services.documents import records
from services.documents.search.counting import count_documents, record_count
from services.documents.search.fields import require_visible
from services.documents.search.pages import DocumentPage, list_documents, record_page
from services.lists.criteria import Count, Criteria

MOST_SECONDS: Final = 300.0
_MOST_LISTS: Final = 256


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page of a list is looked at; see list_documents."""

    size: int = 20
    after: UUID | None = None
    before: UUID | None = None
    last: bool = False


@dataclass(frozen=True, slots=True)
class CachedPage:
    """A page of a list and, if it was asked for, how long the list is."""

    page: DocumentPage
    count: Count | None


class ChangeListener(Protocol):
    """Whoever hears of changes: see db.postgres.listening.Listener."""

    def news(self) -> ChangeMark | None:
        """Return what was told so far; None while nothing can be heard."""
        ...

    def close(self) -> None:
        """Stop listening."""
        ...


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is asked for, by whoever asks."""

    criteria: Criteria
    place: PageRequest
    is_counted: bool
    now: datetime

    def key(self, scope: Role | UUID) -> Hashable:
        """Name it and who sees the same; a list that asks for days changes at night."""
        day = self.now.date(), str(self.now.tzinfo)
        return scope, self.criteria, self.place, self.is_counted, day


@dataclass(frozen=True, slots=True)
class _Kept:
    look: CachedPage
    served: Served
    news: int
    position: Lsn
    until: float


class DocumentListCache:
    """The lists that this process keeps, for five minutes at most."""

    def __init__(
        self, hearing: ChangeListener, *, seconds: float = MOST_SECONDS
    ) -> None:
        self._hearing = hearing
        self._seconds = min(seconds, MOST_SECONDS)
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._guard = Lock()

    def look(
        self,
        on_behalf: ActorDatabase,
        criteria: Criteria,
        place: PageRequest,
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
            records.require_view(actor)
            require_visible(actor, criteria)
        wanted = _Wanted(criteria, place, is_counted, now)
        scope = _scope_of(actor)
        news = self._hearing.news() if scope is not None else None
        if scope is None or news is None:
            return _read(on_behalf, wanted, after)
        key = wanted.key(scope)
        found = self._find(key, news, after)
        if found is not None:
            _record(on_behalf, criteria, found.look)
            return Read(found.look, found.served)
        fresh_at = max(after, news.position) if after is not None else news.position
        read = _read(on_behalf, wanted, fresh_at)
        self._keep(key, read, news, fresh_at)
        return read

    def close(self) -> None:
        """Stop listening; nothing is kept any more."""
        self._hearing.close()

    def _find(self, key: Hashable, news: ChangeMark, after: Lsn | None) -> _Kept | None:
        with self._guard:
            found = self._kept.get(key)
            if found is None or found.news != news.count or found.until < monotonic():
                return None
            self._kept.move_to_end(key)
        is_new_enough = after is None or found.position >= after
        return found if is_new_enough else None

    def _keep(
        self, key: Hashable, read: Read[CachedPage], news: ChangeMark, position: Lsn
    ) -> None:
        # By the news from before it was read: what was told since is perhaps not in it,
        # and it is not found any more.
        until = monotonic() + self._seconds
        with self._guard:
            self._kept[key] = _Kept(
                read.value, read.served, news.count, position, until
            )
            self._kept.move_to_end(key)
            if len(self._kept) > _MOST_LISTS:
                self._kept.popitem(last=False)


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


def _read(
    on_behalf: ActorDatabase, wanted: _Wanted, after: Lsn | None
) -> Read[CachedPage]:
    actor, place = on_behalf.actor, wanted.place

    def operation(session: Session) -> CachedPage:
        page = list_documents(
            session,
            actor,
            wanted.criteria,
            size=place.size,
            after=place.after,
            before=place.before,
            last=place.last,
            now=wanted.now,
        )
        if not wanted.is_counted:
            return CachedPage(page, None)
        count = count_documents(session, actor, wanted.criteria, now=wanted.now)
        return CachedPage(page, count)

    return on_behalf.read(operation, after=after)


def _record(on_behalf: ActorDatabase, criteria: Criteria, look: CachedPage) -> None:
    actor = on_behalf.actor

    def operation(session: Session) -> None:
        record_page(session, actor, criteria, look.page.rows)
        if look.count is not None:
            record_count(session, actor, criteria, look.count)

    on_behalf.record(operation)
