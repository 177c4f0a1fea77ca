"""The lines of a prescription, kept while they are typed, and offered again."""

from datetime import datetime
from typing import Final
from uuid import UUID

from dashboard import wiring
from dashboard.consultations.notes.kept_drafts import KeptDrafts
from dashboard.consultations.prescriptions import prescription_form as form
from dashboard.context import current_actor
from dashboard.ui.language import marked
from services.consultations import prescriptions
from services.consultations.prescriptions import (
    DraftPrescription,
    UnfinishedPrescription,
)
from services.core.drafting import Saved

_PAGE: Final = "prescription"


def offer(visit_id: UUID) -> None:
    """Offer drafts for this visit from another tab or an earlier sign-in."""

    def go_on(draft: UnfinishedPrescription) -> None:
        form.fill(draft.typed, visit_id, draft_id=draft.id)

    _DRAFTS.offer(visit_id, form.draft_id(visit_id), go_on)


def keep(visit_id: UUID, typed: DraftPrescription) -> None:
    """Keep the form's contents, unless nothing was typed; show that they are kept."""
    if form.is_touched(typed):
        _keep(visit_id, typed)
    _DRAFTS.show_saved_at(form.draft_id(visit_id))


def keep_last(visit_id: UUID) -> bool:
    """Keep what was typed into a form that is not drawn again; return whether it was.

    A colleague has prescribed meanwhile, or the treatment has ended: what was typed
    last is in the session and not in the draft. It is offered where it can be used.
    """
    if not form.is_about(visit_id) or not form.is_touched(typed := form.typed_last()):
        return False
    _keep(visit_id, typed)
    _DRAFTS.look_again()
    return True


def _keep(visit_id: UUID, typed: DraftPrescription) -> None:
    kept = form.with_warnings(typed)
    _DRAFTS.keep(UnfinishedPrescription(form.draft_id(visit_id), visit_id, kept))


def forget(visit_id: UUID) -> None:
    """Discard the draft of an issued or abandoned prescription."""
    _DRAFTS.forget(form.draft_id(visit_id))


def _save(draft: UnfinishedPrescription) -> datetime:
    drafts = wiring.current().drafts
    return prescriptions.save_draft(drafts, current_actor(), draft)


def _list_about(visit_id: UUID) -> tuple[Saved[UnfinishedPrescription], ...]:
    drafts = wiring.current().drafts
    return prescriptions.list_drafts(drafts, current_actor(), visit_id)


def _discard(draft_id: UUID) -> None:
    prescriptions.discard_draft(wiring.current().drafts, current_actor(), draft_id)


_DRAFTS: Final = KeptDrafts(_PAGE, marked("Prescription"), _save, _list_about, _discard)
