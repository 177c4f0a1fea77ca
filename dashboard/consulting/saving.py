"""Notes saved and visits completed, before the form is drawn that it may change.

A button only asks for it: what somebody else saved meanwhile goes into fields, and
Streamlit lets a field be filled only before it is drawn.
"""

from typing import Final, Literal
from uuid import UUID

import streamlit as st
from sqlalchemy.orm import Session

from dashboard.consulting import autosave
from dashboard.consulting import writing as form
from dashboard.consulting.opened import Opened
from dashboard.consulting.writing import PAGE, Writing
from dashboard.context import current_actor, write
from dashboard.net import net
from dashboard.widgets.notices import notify
from dashboard.widgets.words import plain
from services import appointments, medical_records
from services.appointments import VisitStatus
from services.medical_records import InvalidNotes, NotesRecord, StaleNotes

Deed = Literal["save", "complete"]

_WANTED: Final = f"{PAGE}_wanted"
_CHECKED: Final = f"{PAGE}_checked"


def ask(deed: Deed, visit_id: UUID) -> None:
    """Have it done when the page runs next."""
    st.session_state[_WANTED] = (deed, visit_id)


def do_what_was_asked(opened: Opened, writing: Writing) -> bool:
    """Do what a button asked for, and say how it went; tell whether it was done."""
    deed, visit_id = st.session_state.pop(_WANTED, (None, None))
    if visit_id != opened.visit.id:
        return False
    autosave.keep(writing)
    with net():
        return _do(deed, opened, writing)
    return False


def is_checked() -> bool:
    """Tell whether somebody tried to save what is refused, and has to correct it."""
    return bool(st.session_state.get(_CHECKED))


def _do(deed: Deed, opened: Opened, writing: Writing) -> bool:
    try:
        saved = _write(deed, opened, writing)
    except InvalidNotes:
        st.session_state[_CHECKED] = True
        st.error(
            "Nothing was saved: look at the fields marked below.",
            icon=":material/error:",
        )
        return False
    except StaleNotes as refusal:
        _tell_of(refusal.current, writing)
        return False
    _leave_behind(saved, opened, writing)
    if deed == "complete":
        notify("The visit is completed.")
    elif saved:
        notify(f"Version {saved.latest.number} of the notes is saved.")
    return True


def _write(deed: Deed, opened: Opened, writing: Writing) -> NotesRecord | None:
    """Save what is typed and, if asked to, complete the visit: both or neither."""
    actor, visit, typed = current_actor(), opened.visit, writing.typed
    has_news = deed == "save" or writing.is_touched

    def operation(session: Session) -> NotesRecord | None:
        saved = None
        if has_news:
            saved = medical_records.save(
                session, actor, visit.id, typed, number=writing.number
            )
        if deed == "complete":
            if visit.status is VisitStatus.SCHEDULED:
                # The desk forgot: who is in the consulting room has come.
                appointments.check_in(session, actor, visit.id)
            appointments.complete(session, actor, visit.id)
        return saved

    return write(operation)


def _leave_behind(saved: NotesRecord | None, opened: Opened, writing: Writing) -> None:
    st.session_state.pop(_CHECKED, None)
    if saved is not None:
        autosave.forget(writing)
        form.begin(opened.visit.id, saved)


def _tell_of(current: NotesRecord | None, writing: Writing) -> None:
    form.catch_up(writing, current)
    author = current.latest.author_name if current else "Somebody"
    st.warning(
        f"{plain(author)} saved notes of this visit after you opened it. Nothing you "
        "typed is lost: it stands below, with what they wrote. Look through it, then "
        "save again.",
        title="Nothing of yours is saved yet",
        icon=":material/sync_problem:",
    )
