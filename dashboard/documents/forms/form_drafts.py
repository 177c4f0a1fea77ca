"""Drafts on the page: saved automatically, offered again, discarded."""

from contextlib import suppress
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard import wiring
from dashboard.context import current_actor, read
from dashboard.documents.forms.open_form import PAGE, OpenForm, continue_draft
from dashboard.ui.draft_offers import offer_drafts, show_saved_at
from dashboard.ui.language import gettext as _
from services.core.errors import Unavailable
from services.documents import forms
from services.documents.forms import TEMPLATES, DraftsUnreachable, SavedDraft
from services.patients.duplicates.merged import list_merged_ids

_SAVED_AT: Final = f"{PAGE}_saved_at"
_OFFERED: Final = f"{PAGE}_offered"


def save(begun: OpenForm) -> None:
    """Keep the contents of the form as a draft; if that fails the page says so."""
    try:
        st.session_state[_SAVED_AT] = forms.save_draft(
            wiring.current().drafts, current_actor(), begun.draft()
        )
    except DraftsUnreachable:
        st.session_state[_SAVED_AT] = None


def show_draft_state() -> None:
    """Show under the form whether what was typed is kept."""
    if _SAVED_AT in st.session_state:
        show_saved_at(st.session_state[_SAVED_AT])


def offer(begun: OpenForm) -> None:
    """Offer to continue a draft about the same patient or document."""
    offer_drafts(
        PAGE,
        _others(begun),
        lambda draft: _(TEMPLATES[draft.template].title),
        go_on=_continue,
        discard=_discard,
    )


def forget(begun: OpenForm) -> None:
    """Discard the draft of a filed document; if that fails it expires after a month."""
    _discard(begun.draft_id)
    st.session_state.pop(_SAVED_AT, None)


def _others(begun: OpenForm) -> list[SavedDraft]:
    """Return other drafts about the same patient or document."""
    about = (begun.patient_id, begun.replaced.id if begun.replaced else None)
    known, drafts = st.session_state.get(_OFFERED, ((), ()))
    if known != about:
        try:
            drafts = forms.list_drafts(
                wiring.current().drafts,
                current_actor(),
                *about,
                merged_ids=_merged_into(begun.patient_id),
            )
        except Unavailable:
            return []
        st.session_state[_OFFERED] = (about, drafts)
        st.session_state.pop(_SAVED_AT, None)
    return [
        saved
        for saved in drafts
        if saved.draft.id != begun.draft_id
        and saved.draft.template in forms.templates_for(current_actor())
    ]


def _merged_into(patient_id: UUID | None) -> frozenset[UUID]:
    """Return the records merged into the patient's, whose drafts are now about it."""
    if patient_id is None:
        return frozenset()
    return read(lambda session: list_merged_ids(session, patient_id))


def _continue(saved: SavedDraft) -> None:
    continue_draft(saved.draft)
    st.session_state[_SAVED_AT] = saved.saved_at
    # The previous contents of the form have become a draft themselves by now.
    st.session_state.pop(_OFFERED, None)


def _discard(draft_id: UUID) -> None:
    with suppress(DraftsUnreachable):
        forms.discard_draft(wiring.current().drafts, current_actor(), draft_id)
    st.session_state.pop(_OFFERED, None)
