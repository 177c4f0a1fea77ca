"""Drafts of notes: kept for a month, for their author alone."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter

from db.mongo.draft_store import DraftStore
from services.core.actors import Actor, Permission
from services.core.drafting import Drafts, Saved


@dataclass(frozen=True, slots=True)
class NotesDraft:
    """The content of a visit's form, even if it could not be saved.

    `number` is the version that was in the form before, 0 for none.
    """

    id: UUID
    appointment_id: UUID
    number: int
    typed: dict[str, str]


SavedNotesDraft = Saved[NotesDraft]
_DRAFTS: Final = Drafts(TypeAdapter(NotesDraft), Permission.WRITE_RECORDS, kind="notes")


def save_draft(
    draft_store: DraftStore, actor: Actor, unfinished: NotesDraft
) -> datetime:
    """Save the draft in place of its earlier state; return the time.

    Raises NotAllowed or DraftsUnreachable.
    """
    return _DRAFTS.save(draft_store, actor, unfinished)


def list_drafts(
    draft_store: DraftStore,
    actor: Actor,
    appointment_id: UUID,
    *,
    replaced_ids: Collection[UUID] = (),
) -> tuple[SavedNotesDraft, ...]:
    """Return the actor's own drafts about this visit, the last saved first.

    So are those about visits that it has replaced, as the notes are. Raises NotAllowed
    or DraftsUnreachable.
    """
    about = {appointment_id, *replaced_ids}
    drafts = _DRAFTS.list_wanted(
        draft_store, actor, lambda draft: draft.appointment_id in about
    )
    return tuple(
        replace(saved, draft=replace(saved.draft, appointment_id=appointment_id))
        for saved in drafts
    )


def discard_draft(draft_store: DraftStore, actor: Actor, draft_id: UUID) -> None:
    """Delete one of the actor's own drafts. Raises NotAllowed or DraftsUnreachable."""
    _DRAFTS.discard(draft_store, actor, draft_id)
