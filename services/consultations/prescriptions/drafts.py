"""Prescriptions that somebody is typing: kept for a month, for their eyes only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter

from db.draft_store import DraftStore
from services.consultations.prescriptions.records import DraftPrescription
from services.core.actors import Actor, Permission
from services.core.drafting import Drafts, Kept


@dataclass(frozen=True, slots=True)
class UnfinishedPrescription:
    """What stands in the form of a visit's prescription, even what cannot be issued."""

    id: UUID
    appointment_id: UUID
    typed: DraftPrescription


SavedPrescriptionDraft = Kept[UnfinishedPrescription]
_DRAFTS: Final = Drafts(TypeAdapter(UnfinishedPrescription), kind="prescription")


def save_draft(
    shelf: DraftStore, actor: Actor, unfinished: UnfinishedPrescription
) -> datetime:
    """Keep the draft in place of what was saved of it before; say when.

    Raises NotAllowed or DraftsNotReached.
    """
    actor.require(Permission.PRESCRIBE)
    return _DRAFTS.save(shelf, actor.id, unfinished.id, unfinished)


def list_drafts(
    shelf: DraftStore, actor: Actor, appointment_id: UUID
) -> tuple[SavedPrescriptionDraft, ...]:
    """Return the actor's own drafts for this visit, the last saved first.

    Raises NotAllowed or DraftsNotReached.
    """
    actor.require(Permission.PRESCRIBE)
    return tuple(
        kept
        for kept in _DRAFTS.list_of(shelf, actor.id)
        if kept.draft.appointment_id == appointment_id
    )


def discard_draft(shelf: DraftStore, actor: Actor, draft_id: UUID) -> None:
    """Forget one of the actor's own drafts. Raises NotAllowed or DraftsNotReached."""
    actor.require(Permission.PRESCRIBE)
    _DRAFTS.discard(shelf, actor.id, draft_id)
