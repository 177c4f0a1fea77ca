"""Beside the form: similar earlier notes, and the versions of these notes."""

import streamlit as st

from dashboard.consultations.notes.shown_notes import coded, show_notes
from dashboard.consultations.notes.writing import Writing, as_typed, load_version
from dashboard.context import current_actor, read
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import gettext as _
from dashboard.ui.words import at, plain
from services.consultations import notes
from services.consultations.notes import EarlierNotes, NotesVersion
from services.consultations.notes.typed import TEXTS

_SECONDS = 60.0


def show_similar(writing: Writing) -> None:
    """Show earlier visits that were about what is being typed now."""
    text = "\n".join(writing.typed[name] for name in TEXTS).strip()
    if not text:
        empty_state(
            _(
                "Type a complaint or a diagnosis: earlier visits about the same are "
                "shown here."
            ),
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
        empty_state(_("No earlier visit was about any of this."), icon="history")
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
        empty_state(_("Nothing is saved about this visit yet."), icon="history")
    for version in versions:
        _version(writing, version, is_latest=version is versions[0])


def _earlier(visit: EarlierNotes) -> None:
    with st.container(border=True):
        when = at(visit.visited_at)
        st.markdown(f"**{when}** · {plain(visit.doctor_name)}")
        if visit.notes.diagnoses:
            st.markdown("; ".join(map(coded, visit.notes.diagnoses)))
        shared = plain(", ".join(visit.shared[:8]))
        st.caption(_("Shares: {words}").format(words=shared))
        with st.expander(_("Notes of {when}").format(when=when)):
            show_notes(visit.notes)


def _version(writing: Writing, version: NotesVersion, *, is_latest: bool) -> None:
    number = version.number
    named = (
        _("**Version {number}** (current)") if is_latest else _("**Version {number}**")
    )
    with st.container(border=True):
        st.markdown(named.format(number=number))
        st.caption(
            _("{when} by {name}").format(
                when=at(version.saved_at), name=plain(version.author_name)
            )
        )
        if version.as_of is not None:
            st.caption(_("Brought back as of {when}").format(when=at(version.as_of)))
        with st.expander(_("Notes of version {number}").format(number=number)):
            show_notes(version.notes)
        st.button(
            _("Load version {number} into the form").format(number=number),
            key=f"visit_bring_back_{number}",
            icon=":material/history:",
            type="tertiary",
            on_click=load_version,
            args=(writing, as_typed(version.notes)),
        )
