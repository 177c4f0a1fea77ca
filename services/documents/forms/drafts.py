"""Drafts of forms: kept for a month, for their author alone."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from db.mongo.draft_store import DraftStore
from services.core.actors import Actor
from services.core.drafting import Drafts, Saved
from services.documents.forms.fields import Value
from services.documents.forms.templates import TEMPLATES
from services.documents.records.kinds import Classification
from services.documents.records.visibility import permission_to_file


@dataclass(frozen=True, slots=True)
class Draft:
    """A form as it was last saved.

    `document_id` is the document whose next version it will be, if any. The fields
    after `form` are how the document is to be filed; empty ones mean the usual way.
    """

    id: UUID
    template: str
    patient_id: UUID | None
    document_id: UUID | None
    form: dict[str, Value]
    title: str = ""
    classification: Classification | None = None
    description: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


SavedDraft = Saved[Draft]
_SHAPE: Final = TypeAdapter(Draft)


def save_draft(draft_store: DraftStore, actor: Actor, unfinished: Draft) -> datetime:
    """Save the draft in place of its earlier state; return the time.

    Raises NotAllowed or DraftsUnreachable.
    """
    return _drafts_of(actor).save(draft_store, actor, unfinished)


def list_drafts(
    draft_store: DraftStore,
    actor: Actor,
    patient_id: UUID | None,
    document_id: UUID | None = None,
    *,
    merged_ids: Collection[UUID] = (),
) -> tuple[SavedDraft, ...]:
    """Return the actor's own drafts about this patient, or about none, newest first.

    `merged_ids` are the patient's records that were merged into this one. With a
    `document_id`, those of its next version instead, whosever it was when they were
    begun: a merge, or a colleague, may have given it to another patient. Drafts of a
    form that no longer exists are left out. Raises NotAllowed or DraftsUnreachable.
    """

    def is_wanted(draft: Draft) -> bool:
        is_theirs = draft.patient_id == patient_id or draft.patient_id in merged_ids
        is_of_it = document_id is not None or is_theirs
        return (
            is_of_it
            and draft.document_id == document_id
            and draft.template in TEMPLATES
        )

    return _drafts_of(actor).list_wanted(draft_store, actor, is_wanted)


def discard_draft(draft_store: DraftStore, actor: Actor, draft_id: UUID) -> None:
    """Delete one of the actor's own drafts. Raises NotAllowed or DraftsUnreachable."""
    _drafts_of(actor).discard(draft_store, actor, draft_id)


def _drafts_of(actor: Actor) -> Drafts[Draft]:
    return Drafts(_SHAPE, permission_to_file(actor))
