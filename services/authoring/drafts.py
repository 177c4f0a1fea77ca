"""Forms that somebody has begun: kept for a month, for their eyes only."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from db.draft_store import DraftStore, DraftsUnavailable
from services.actors import Actor, Permission
from services.authoring.fields import Value
from services.authoring.templates import TEMPLATES
from services.errors import Unavailable


class DraftsNotReached(Unavailable):
    """The store of drafts does not answer."""

    def __init__(self) -> None:
        super().__init__(
            "Drafts cannot be reached at the moment. What you typed is still on this "
            "page; try again in a minute."
        )


@dataclass(frozen=True, slots=True)
class Draft:
    """A form as it was when it was saved last.

    `document_id` is the document whose next version it will be, if it is one's.
    """

    id: UUID
    template: str
    patient_id: UUID | None
    document_id: UUID | None
    form: dict[str, Value]


@dataclass(frozen=True, slots=True)
class SavedDraft:
    """A draft, and when it was saved."""

    draft: Draft
    saved_at: datetime


_DRAFTS: Final = TypeAdapter(Draft)


def save_draft(shelf: DraftStore, actor: Actor, unfinished: Draft) -> datetime:
    """Keep the draft in place of what was saved of it before; say when.

    Raises NotAllowed or DraftsNotReached.
    """
    actor.require(Permission.FILE_DOCUMENTS)
    with _reached():
        return shelf.save(actor.id, unfinished.id, _DRAFTS.dump_json(unfinished))


def list_drafts(
    shelf: DraftStore, actor: Actor, patient_id: UUID | None
) -> tuple[SavedDraft, ...]:
    """Return the actor's own drafts about this patient, or about none, newest first.

    Raises NotAllowed or DraftsNotReached.
    """
    actor.require(Permission.FILE_DOCUMENTS)
    with _reached():
        return tuple(
            SavedDraft(draft, kept.saved_at)
            for kept in shelf.list_of(actor.id)
            if (draft := _read(kept.data)) and draft.patient_id == patient_id
        )


def discard_draft(shelf: DraftStore, actor: Actor, draft_id: UUID) -> None:
    """Forget one of the actor's own drafts. Raises NotAllowed or DraftsNotReached."""
    actor.require(Permission.FILE_DOCUMENTS)
    with _reached():
        shelf.delete(actor.id, draft_id)


def _read(data: bytes) -> Draft | None:
    # An earlier version of Chartroom may have had other fields and other forms.
    try:
        draft = _DRAFTS.validate_json(data)
    except ValidationError:
        return None
    return draft if draft.template in TEMPLATES else None


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except DraftsUnavailable as error:
        raise DraftsNotReached from error
