"""Saves notes and completes visits, before the form is drawn whose fields may change.

A button only requests it: values that somebody else saved meanwhile go into fields, and
Streamlit lets a field be filled only before it is drawn.
"""

from typing import Final, Literal
from uuid import UUID

import streamlit as st
from sqlalchemy.orm import Session

from dashboard.consultations.notes import autosave, writing as form
from dashboard.consultations.notes.open_visit import Opened
from dashboard.consultations.notes.writing import PAGE, Writing
from dashboard.context import current_actor, write
from dashboard.ui.error_boundary import explain
from dashboard.ui.language import gettext as _
from dashboard.ui.notices import notify
from dashboard.ui.words import plain
from services.consultations import notes
from services.consultations.notes import NotesRecord
from services.consultations.notes.errors import StaleNotes
from services.consultations.notes.typed import InvalidNotes
from services.core.errors import ServiceError
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitStatus

SaveAction = Literal["save", "complete"]

_WANTED: Final = f"{PAGE}_wanted"
_CHECKED: Final = f"{PAGE}_checked"


def request_action(action: SaveAction, visit_id: UUID) -> None:
    """Have the action carried out in the next run of the page."""
    st.session_state[_WANTED] = (action, visit_id)


def run_requested_action(opened: Opened, writing: Writing) -> ServiceError | None:
    """Do what a button asked for, then rerun the page; return why it was refused."""
    action, visit_id = st.session_state.pop(_WANTED, (None, None))
    if visit_id != opened.visit.id:
        return None
    autosave.keep(writing)
    refusal = _try(action, opened, writing)
    if refusal is None:
        st.rerun()
    return refusal


def show_refusal(refusal: ServiceError | None) -> None:
    """Show why nothing was saved, below the buttons: that is where people look."""
    match refusal:
        case None:
            return
        case InvalidNotes():
            st.error(
                _("Nothing was saved: check the highlighted fields above."),
                icon=":material/error:",
            )
        case StaleNotes(current=current):
            author = current.latest.author_name if current else _("Somebody")
            st.warning(
                _(
                    "{name} saved notes of this visit after you opened it. Nothing "
                    "you typed is lost: it is above, next to what they wrote. Check "
                    "both, then save again."
                ).format(name=plain(author)),
                title=_("Your notes are not saved yet"),
                icon=":material/sync_problem:",
            )
        case _:
            explain(refusal)


def is_checked(writing: Writing) -> bool:
    """Return whether a save was refused, so that problems are shown until corrected.

    A refusal about one visit is no reason to check the form of the next one.
    """
    return bool(st.session_state.get(_CHECKED) == writing.draft_id)


def _try(action: SaveAction, opened: Opened, writing: Writing) -> ServiceError | None:
    try:
        saved = _write(action, opened, writing)
    except InvalidNotes as refusal:
        st.session_state[_CHECKED] = writing.draft_id
        return refusal
    except StaleNotes as refusal:
        form.catch_up(writing, refusal.current)
        return refusal
    except ServiceError as refusal:
        return refusal
    _leave_behind(saved, opened, writing)
    if action == "complete":
        notify(_("The visit is completed."))
    elif saved:
        notify(
            _("Version {number} of the notes is saved.").format(
                number=saved.latest.number
            )
        )
    return None


def _write(action: SaveAction, opened: Opened, writing: Writing) -> NotesRecord | None:
    """Save what is typed and, if asked to, complete the visit: both or neither."""
    actor, visit, typed = current_actor(), opened.visit, writing.typed
    has_changes = action == "save" or writing.is_touched

    def operation(session: Session) -> NotesRecord | None:
        saved = None
        if has_changes:
            saved = notes.save(session, actor, visit.id, typed, number=writing.number)
        if action == "complete":
            if visit.status is VisitStatus.SCHEDULED:
                # The desk forgot to check in a patient who is in the consulting room.
                appointments.check_in(session, actor, visit.id)
            appointments.complete(session, actor, visit.id)
        return saved

    return write(operation)


def _leave_behind(saved: NotesRecord | None, opened: Opened, writing: Writing) -> None:
    st.session_state.pop(_CHECKED, None)
    if saved is not None:
        autosave.forget(writing)
        form.begin(opened.visit.id, saved)
