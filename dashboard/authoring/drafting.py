"""Drafts on the page: saved by the way, offered again, discarded."""

from contextlib import suppress
from datetime import datetime
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard import wiring
from dashboard.authoring.begun import PAGE, Begun, go_on_with
from dashboard.context import current_actor, now
from dashboard.widgets.words import at
from services import authoring
from services.authoring import TEMPLATES, DraftsNotReached, SavedDraft

_SAVED_AT: Final = f"{PAGE}_saved_at"
_OFFERED: Final = f"{PAGE}_offered"
_MOST: Final = 3
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


def save(begun: Begun) -> None:
    """Keep what stands in the form now; if that fails the page says so."""
    try:
        st.session_state[_SAVED_AT] = authoring.save_draft(
            wiring.current().drafts, current_actor(), begun.draft()
        )
    except DraftsNotReached:
        st.session_state[_SAVED_AT] = None


def say_when_saved() -> None:
    """Say under the form whether what was typed is kept."""
    if _SAVED_AT not in st.session_state:
        return
    saved_at: datetime | None = st.session_state[_SAVED_AT]
    if saved_at is None:
        st.caption(
            ":material/cloud_off: The draft could not be saved just now. What you "
            "typed is still on this page."
        )
    else:
        st.caption(f":material/cloud_done: Draft saved at {at(saved_at)}.")


def offer(begun: Begun) -> None:
    """Offer to go on with what was begun about the same patient or document."""
    for saved in _others(begun)[:_MOST]:
        title = TEMPLATES[saved.draft.template].title
        with st.container(
            border=True, horizontal=True, vertical_alignment="center", gap="small"
        ):
            st.markdown(f"{title}, begun before", width="stretch")
            st.button(
                f"Continue the draft of {_ago(saved.saved_at)}",
                key=f"{PAGE}_continue_{saved.draft.id}",
                help=at(saved.saved_at),
                icon=":material/edit_note:",
                on_click=_continue,
                args=(saved,),
            )
            st.button(
                "Discard",
                key=f"{PAGE}_discard_{saved.draft.id}",
                type="tertiary",
                on_click=_discard,
                args=(saved.draft.id,),
            )


def forget(begun: Begun) -> None:
    """Discard the draft of what is filed now; if that fails it ends after a month."""
    _discard(begun.draft_id)
    st.session_state.pop(_SAVED_AT, None)


def _others(begun: Begun) -> list[SavedDraft]:
    """Return the drafts about the same, without the one that is being written."""
    about = (begun.patient_id, begun.replaced.id if begun.replaced else None)
    known, drafts = st.session_state.get(_OFFERED, ((), ()))
    if known != about:
        try:
            drafts = authoring.list_drafts(
                wiring.current().drafts, current_actor(), begun.patient_id
            )
        except DraftsNotReached:
            return []
        st.session_state[_OFFERED] = (about, drafts)
        st.session_state.pop(_SAVED_AT, None)
    return [
        saved
        for saved in drafts
        if saved.draft.document_id == about[1] and saved.draft.id != begun.draft_id
    ]


def _continue(saved: SavedDraft) -> None:
    go_on_with(saved.draft)
    st.session_state[_SAVED_AT] = saved.saved_at
    # What stood in the form before has become a draft itself by now.
    st.session_state.pop(_OFFERED, None)


def _discard(draft_id: UUID) -> None:
    with suppress(DraftsNotReached):
        authoring.discard_draft(wiring.current().drafts, current_actor(), draft_id)
    st.session_state.pop(_OFFERED, None)


def _ago(moment: datetime) -> str:
    seconds = int((now() - moment).total_seconds())
    for unit, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if seconds >= unit:
            count = seconds // unit
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return "a moment ago"
