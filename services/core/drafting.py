"""What somebody has begun to type: kept for a month, for their eyes only."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from db.draft_store import DraftStore, DraftsUnavailable
from services.core.errors import Unavailable

T = TypeVar("T")


class DraftsNotReached(Unavailable):
    """The store of drafts does not answer."""

    def __init__(self) -> None:
        super().__init__(
            "Drafts cannot be reached at the moment. What you typed is still on this "
            "page; try again in a minute."
        )


@dataclass(frozen=True, slots=True)
class Kept(Generic[T]):
    """A draft, and when it was saved."""

    draft: T
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class Drafts(Generic[T]):
    """Drafts of one kind; every call may raise DraftsNotReached.

    Whose they are is the only question here: what they may write is the caller's.
    """

    shape: TypeAdapter[T]
    kind: str | None = None

    def save(
        self, shelf: DraftStore, owner: UUID, draft_id: UUID, draft: T
    ) -> datetime:
        """Keep the draft in place of what was saved of it before; say when."""
        with _reached():
            data = self.shape.dump_json(draft)
            return shelf.save(owner, draft_id, data, kind=self.kind)

    def list_of(self, shelf: DraftStore, owner: UUID) -> Iterator[Kept[T]]:
        """Yield the owner's drafts, the last saved first.

        An earlier version of Chartroom may have kept other fields: such are left out.
        """
        with _reached():
            found = shelf.list_of(owner, kind=self.kind)
        for one in found:
            try:
                yield Kept(self.shape.validate_json(one.data), one.saved_at)
            except ValidationError:
                continue

    def discard(self, shelf: DraftStore, owner: UUID, draft_id: UUID) -> None:
        """Forget one of the owner's drafts."""
        with _reached():
            shelf.delete(owner, draft_id)


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except DraftsUnavailable as error:
        raise DraftsNotReached from error
