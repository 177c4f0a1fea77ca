"""Beside the form: similar earlier notes, and the versions of these."""

import streamlit as st

from dashboard.consultations.notes.shown_notes import diagnosis, show_notes
from dashboard.consultations.notes.writing import Writing, bring_back
from dashboard.context import current_actor, read
from dashboard.ui.empty_state import empty_state
from dashboard.ui.words import at, plain
from services.consultations import notes
from services.consultations.notes import EarlierNotes, NotesVersion
from services.consultations.notes.typed import TEXTS, typed_of

_SECONDS = 60.0


def show_similar(writing: Writing) -> None:
    """Show the earlier visits that were about what is typed now."""
    text = "\n".join(writing.typed[name] for name in TEXTS).strip()
    if not text:
        empty_state(
            "Type a complaint or a diagnosis: earlier visits about the same are shown "
            "here.",
            icon="history",
        )
        return
    actor, visit_id = current_actor(), writing.visit_id
    found = read(
        lambda s: notes.list_similar(s, actor, visit_id, text),
        keep=("similar", visit_id, text),
        seconds=_SECONDS,
    )
    if not found:
        empty_state("No earlier visit was about any of this.", icon="history")
    for one in found:
        _earlier(one)


def show_versions(writing: Writing) -> None:
    """Show every version of this visit's notes, the newest first."""
    actor, visit_id = current_actor(), writing.visit_id
    found = read(
        lambda s: notes.list_versions(s, actor, visit_id),
        keep=("notes_versions", visit_id),
    )
    if not found:
        empty_state("Nothing is saved about this visit yet.", icon="history")
    for one in found:
        _version(writing, one, is_latest=one is found[0])


def _earlier(one: EarlierNotes) -> None:
    with st.container(border=True):
        when = at(one.visited_at)
        st.markdown(f"**{when}** · {plain(one.doctor_name)}")
        if one.notes.diagnoses:
            st.markdown("; ".join(map(diagnosis, one.notes.diagnoses)))
        st.caption(f"Shares: {plain(', '.join(one.shared[:8]))}")
        with st.expander(f"Notes of {when}"):
            show_notes(one.notes)


def _version(writing: Writing, one: NotesVersion, *, is_latest: bool) -> None:
    with st.container(border=True):
        st.markdown(f"**Version {one.number}**" + " (the one that counts)" * is_latest)
        st.caption(f"{at(one.saved_at)} by {plain(one.author_name)}")
        with st.expander(f"Notes of version {one.number}"):
            show_notes(one.notes)
        st.button(
            f"Put version {one.number} into the form",
            key=f"visit_bring_back_{one.number}",
            icon=":material/history:",
            type="tertiary",
            on_click=bring_back,
            args=(writing, typed_of(one.notes)),
        )
