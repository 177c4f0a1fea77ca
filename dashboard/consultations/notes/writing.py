"""What somebody writes about a visit, and how the form follows what is saved.

The form belongs to the version that it was filled from. A later one never slips under
what somebody has typed: their changes stay, and others' changes are shown.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

import streamlit as st

from dashboard.consultations.notes.open_visit import Opened
from dashboard.ui.language import GERMAN, current_language
from services.consultations.notes import VITALS, Notes, NotesDraft, NotesRecord, typed
from services.consultations.notes.typed import LABELS, Typed

PAGE: Final = "visit"
_WRITING: Final = f"{PAGE}_writing"
_OTHERS: Final = f"{PAGE}_others"
_NOTHING: Final[Typed] = dict.fromkeys(LABELS, "")


@dataclass(frozen=True, slots=True)
class Writing:
    """The version that the form was filled from, and the draft of the next one."""

    visit_id: UUID
    number: int
    filled: Typed
    draft_id: UUID

    @property
    def typed(self) -> dict[str, str]:
        """The contents of the form."""
        return {name: st.session_state.get(key_of(name)) or "" for name in LABELS}

    @property
    def is_touched(self) -> bool:
        """Whether the form contains anything that it was not filled with."""
        return self.typed != self.filled

    def draft(self) -> NotesDraft:
        """Return the contents of the form as a draft."""
        return NotesDraft(self.draft_id, self.visit_id, self.number, self.typed)


def key_of(name: str) -> str:
    """Return the key of a field's widget."""
    return f"{PAGE}_field_{name}"


def has_fields() -> bool:
    """Return whether this tab has the contents of the form's fields."""
    return all(key_of(name) in st.session_state for name in LABELS)


def write_about(opened: Opened) -> Writing:
    """Return what is being written, after filling the form for another visit.

    While nothing is typed, the form follows what is saved; from then on, people are
    shown what others saved meanwhile when they save.
    """
    writing: Writing | None = st.session_state.get(_WRITING)
    if writing is None or writing.visit_id != opened.visit.id:
        return begin(opened.visit.id, opened.notes)
    if opened.number > writing.number and not writing.is_touched:
        return begin(opened.visit.id, opened.notes)
    return writing


def begin(visit_id: UUID, notes: NotesRecord | None) -> Writing:
    """Fill the form with what is saved, replacing its contents."""
    number, filled = _saved(notes)
    _put(filled)
    st.session_state.pop(_OTHERS, None)
    return _now(Writing(visit_id, number, filled, uuid4()))


def catch_up(writing: Writing, notes: NotesRecord | None) -> Writing:
    """Bring what is typed up to the version that somebody else saved meanwhile.

    Fields that nobody typed into take the other's text. Where both wrote, the contents
    of the form stay, and the other's text is shown beside them.
    """
    number, theirs = _saved(notes)
    typed, before = writing.typed, writing.filled
    _put({name: theirs[name] for name in LABELS if typed[name] == before[name]})
    st.session_state[_OTHERS] = {
        name: theirs[name]
        for name in LABELS
        if typed[name] not in (before[name], theirs[name])
        and theirs[name] != before[name]
    }
    return _now(Writing(writing.visit_id, number, theirs, writing.draft_id))


def continue_draft(draft: NotesDraft, notes: NotesRecord | None) -> None:
    """Put a draft into the form; texts saved since it was begun are shown beside it."""
    _put({**_NOTHING, **draft.typed})
    nothing = Writing(draft.appointment_id, draft.number, _NOTHING, draft.id)
    number, filled = _saved(notes)
    if draft.number == number:
        _now(Writing(draft.appointment_id, number, filled, draft.id))
        st.session_state.pop(_OTHERS, None)
    else:
        catch_up(nothing, notes)


def load_version(writing: Writing, typed: Typed) -> None:
    """Put an earlier version into the form; its contents so far stay as a draft."""
    _put(typed)
    _now(Writing(writing.visit_id, writing.number, writing.filled, uuid4()))


def written_by_others() -> dict[str, str]:
    """Return what others saved into fields that somebody is typing into here."""
    others: dict[str, str] = st.session_state.get(_OTHERS, {})
    return others


def accept_theirs(name: str) -> None:
    """Replace the field's contents with what somebody else saved."""
    st.session_state[key_of(name)] = written_by_others().pop(name)


def as_typed(notes: Notes) -> Typed:
    """Return notes as they are typed in the language of the page: 36.8 or 36,8."""
    words = typed.typed_of(notes)
    if current_language() != GERMAN:
        return words
    measured = {vital.name: words[vital.name].replace(".", ",") for vital in VITALS}
    return {**words, **measured}


def _saved(notes: NotesRecord | None) -> tuple[int, Typed]:
    if notes is None:
        return 0, _NOTHING
    return notes.latest.number, as_typed(notes.latest.notes)


def _put(typed: Typed) -> None:
    for name, text in typed.items():
        st.session_state[key_of(name)] = text


def _now(writing: Writing) -> Writing:
    st.session_state[_WRITING] = writing
    return writing
