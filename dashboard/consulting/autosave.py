"""What is typed about a visit, kept while it is typed, and offered again."""

from contextlib import suppress
from datetime import datetime
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard import wiring
from dashboard.consulting import writing as form
from dashboard.consulting.opened import Opened
from dashboard.consulting.writing import PAGE, Writing
from dashboard.context import current_actor
from dashboard.widgets.draft_offers import offer_drafts, say_when_kept
from services import medical_records
from services.medical_records import DraftsNotReached, NotesDraft, SavedNotesDraft

_KEPT: Final = f"{PAGE}_kept"
_OFFERED: Final = f"{PAGE}_offered"


def keep(writing: Writing) -> None:
    """Keep what stands in the form unless it is kept already."""
    kept: tuple[NotesDraft, datetime | None] | None = st.session_state.get(_KEPT)
    draft = writing.draft()
    if not writing.is_touched or (kept and kept[0] == draft and kept[1]):
        return
    saved_at = None
    with suppress(DraftsNotReached):
        saved_at = medical_records.save_draft(
            wiring.current().drafts, current_actor(), draft
        )
    st.session_state[_KEPT] = (draft, saved_at)


def say_whether_kept(writing: Writing) -> None:
    """Say under the form whether what was typed is kept."""
    kept: tuple[NotesDraft, datetime | None] | None = st.session_state.get(_KEPT)
    if kept and kept[0].id == writing.draft_id:
        say_when_kept(kept[1])


def forget(writing: Writing) -> None:
    """Discard the draft of what is saved; if that fails it ends after a month."""
    _discard(writing.draft_id)
    st.session_state.pop(_KEPT, None)


def offer(opened: Opened, writing: Writing) -> None:
    """Offer what was typed about this visit before: in another tab, or sign-in."""

    def go_on(kept: SavedNotesDraft) -> None:
        form.go_on_with(kept.draft, opened.notes)
        st.session_state[_KEPT] = (kept.draft, kept.saved_at)
        # What stood in the form before has become a draft itself by now.
        st.session_state.pop(_OFFERED, None)

    offer_drafts(
        PAGE, _others(writing), lambda _: "Notes", go_on=go_on, discard=_discard
    )


def _others(writing: Writing) -> list[SavedNotesDraft]:
    """Return the drafts about the same visit, without what is being written."""
    known, drafts = st.session_state.get(_OFFERED, (None, ()))
    if known != writing.visit_id:
        try:
            drafts = medical_records.list_drafts(
                wiring.current().drafts, current_actor(), writing.visit_id
            )
        except DraftsNotReached:
            return []
        st.session_state[_OFFERED] = (writing.visit_id, drafts)
    return [kept for kept in drafts if kept.draft.id != writing.draft_id]


def _discard(draft_id: UUID) -> None:
    with suppress(DraftsNotReached):
        medical_records.discard_draft(
            wiring.current().drafts, current_actor(), draft_id
        )
    st.session_state.pop(_OFFERED, None)
