"""What is typed about a visit, kept as a draft while it is typed, and offered again."""

from datetime import datetime
from typing import Final
from uuid import UUID

from dashboard import wiring
from dashboard.consultations.notes import writing as form
from dashboard.consultations.notes.kept_drafts import KeptDrafts
from dashboard.consultations.notes.open_visit import Opened
from dashboard.consultations.notes.writing import PAGE, Writing
from dashboard.context import current_actor, read
from dashboard.ui.language import marked
from services.consultations import notes
from services.consultations.notes import NotesDraft, SavedNotesDraft
from services.visits.front_desk.appointments.moves import list_replaced


def keep(writing: Writing) -> None:
    """Keep the form's contents as a draft, unless nothing was typed."""
    if writing.is_touched:
        _DRAFTS.keep(writing.draft())


def keep_last(opened: Opened) -> None:
    """Keep what was typed about a visit that is closed to the person from now on."""
    # After a change of pages there are no fields, and empty ones must not replace a
    # draft.
    if form.has_fields():
        keep(form.write_about(opened))


def show_saved_at(writing: Writing) -> None:
    """Show under the form whether what was typed is kept."""
    _DRAFTS.show_saved_at(writing.draft_id)


def forget(writing: Writing) -> None:
    """Discard the draft once its contents are saved."""
    _DRAFTS.forget(writing.draft_id)


def offer(opened: Opened, writing: Writing) -> None:
    """Offer earlier drafts about this visit."""
    _DRAFTS.offer(
        writing.visit_id,
        writing.draft_id,
        lambda draft: form.continue_draft(draft, opened.notes),
    )


def _save(draft: NotesDraft) -> datetime:
    drafts = wiring.current().drafts
    return notes.save_draft(drafts, current_actor(), draft)


def _list_about(visit_id: UUID) -> tuple[SavedNotesDraft, ...]:
    drafts, actor = wiring.current().drafts, current_actor()
    replaced = read(lambda s: list_replaced(s, actor, visit_id))
    return notes.list_drafts(drafts, actor, visit_id, replaced_ids=replaced)


def _discard(draft_id: UUID) -> None:
    drafts = wiring.current().drafts
    notes.discard_draft(drafts, current_actor(), draft_id)


_DRAFTS: Final = KeptDrafts(PAGE, marked("Notes"), _save, _list_about, _discard)
