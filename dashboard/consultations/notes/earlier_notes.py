"""Beside the form: similar earlier notes, and the versions of these."""

import streamlit as st

from dashboard.consultations.notes.shown_notes import coded, show_notes
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
    earlier = read(
        lambda s: notes.list_similar(s, actor, visit_id, text),
        keep=("similar", visit_id, text),
        seconds=_SECONDS,
    )
    if not earlier:
        empty_state("No earlier visit was about any of this.", icon="history")
    for visit in earlier:
        _earlier(visit)


def show_versions(writing: Writing) -> None:
    """Show every version of this visit's notes, the newest first."""
    actor, visit_id = current_actor(), writing.visit_id
    versions = read(
        lambda s: notes.list_versions(s, actor, visit_id),
        keep=("notes_versions", visit_id),
    )
    if not versions:
        empty_state("Nothing is saved about this visit yet.", icon="history")
    for version in versions:
        _version(writing, version, is_latest=version is versions[0])


def _earlier(visit: EarlierNotes) -> None:
    with st.container(border=True):
        when = at(visit.visited_at)
        st.markdown(f"**{when}** · {plain(visit.doctor_name)}")
        if visit.notes.diagnoses:
            st.markdown("; ".join(map(coded, visit.notes.diagnoses)))
        st.caption(f"Shares: {plain(', '.join(visit.shared[:8]))}")
        with st.expander(f"Notes of {when}"):
            show_notes(visit.notes)


def _version(writing: Writing, version: NotesVersion, *, is_latest: bool) -> None:
    with st.container(border=True):
        st.markdown(
            f"**Version {version.number}**" + " (the one that counts)" * is_latest
        )
        st.caption(f"{at(version.saved_at)} by {plain(version.author_name)}")
        with st.expander(f"Notes of version {version.number}"):
            show_notes(version.notes)
        st.button(
            f"Put version {version.number} into the form",
            key=f"visit_bring_back_{version.number}",
            icon=":material/history:",
            type="tertiary",
            on_click=bring_back,
            args=(writing, typed_of(version.notes)),
        )
