"""Drafts of what somebody has begun to type: kept for a month, for them alone."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from db.mongo.draft_store import DraftStore, DraftsUnavailable, StoredDraft
from services.core.actors import Actor, Permission
from services.core.errors import Unavailable


class Unfinished(Protocol):
    """What somebody has begun to type, with the id under which it is saved."""

    @property
    def id(self) -> UUID:
        """The id under which the draft is saved."""


T = TypeVar("T", bound=Unfinished)


class DraftsUnreachable(Unavailable):
    """The store of drafts does not answer."""

    def __init__(self) -> None:
        super().__init__(
            "Drafts cannot be reached at the moment. What you typed is still on this "
            "page; try again in a minute."
        )


@dataclass(frozen=True, slots=True)
class Saved(Generic[T]):
    """A draft, and when it was saved."""

    draft: T
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class Drafts(Generic[T]):
    """Drafts of one kind, each actor's own, for those who may write what they become.

    Every call raises NotAllowed without the permission, and may raise
    DraftsUnreachable.
    """

    shape: TypeAdapter[T]
    permission: Permission
    kind: str | None = None

    def save(self, draft_store: DraftStore, actor: Actor, unfinished: T) -> datetime:
        """Save the draft in place of its earlier state; return the time."""
        actor.require(self.permission)
        with _reached():
            data = self.shape.dump_json(unfinished)
            return draft_store.save(actor.id, unfinished.id, data, kind=self.kind)

    def list_wanted(
        self, draft_store: DraftStore, actor: Actor, is_wanted: Callable[[T], bool]
    ) -> tuple[Saved[T], ...]:
        """Return the actor's drafts that are wanted, the last saved first."""
        actor.require(self.permission)
        with _reached():
            stored = draft_store.list_of(actor.id, kind=self.kind)
        return tuple(kept for kept in self._parsed(stored) if is_wanted(kept.draft))

    def discard(self, draft_store: DraftStore, actor: Actor, draft_id: UUID) -> None:
        """Delete one of the actor's drafts."""
        actor.require(self.permission)
        with _reached():
            draft_store.delete(actor.id, draft_id)

    def _parsed(self, stored: Iterable[StoredDraft]) -> Iterator[Saved[T]]:
        """Yield the drafts except those with the fields of an earlier Chartroom."""
        for draft in stored:
            with suppress(ValidationError):
                yield Saved(self.shape.validate_json(draft.data), draft.saved_at)


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except DraftsUnavailable as error:
        raise DraftsUnreachable from error
