"""Earlier notes beside today's, and the form that restores them."""

from datetime import datetime
from uuid import UUID

import streamlit as st

from dashboard.consultations.notes.shown_notes import show_notes
from dashboard.context import current_actor, read, write
from dashboard.navigation import go
from dashboard.patients.point_in_time.reasons import ask_why
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.notices import notify
from services.consultations import notes as visit_notes, point_in_time
from services.consultations.notes import Notes, NotesRecord
from services.consultations.point_in_time import NotesCopy, VisitComparison
from services.core.actors import Permission


def show_notes_restore(
    compared: VisitComparison, notes: Notes, as_of: datetime | None
) -> None:
    """Offer to restore the notes of then, if they differ from today's.

    Notes prepared for a visit that was moved are those of the visit that replaced it.
    """
    visit = compared.current
    if visit is None or not visit.status.takes_place:
        st.caption(
            _(
                "Its notes are not brought back: notes belong to a visit that takes "
                "place. Write them at another one."
            )
        )
        return
    with error_boundary():
        current = _read_today(visit.id)
        if current is not None and current.latest.notes == notes:
            st.caption(_("Its notes are the same today."))
            return
        if current is not None:
            with st.expander(_("Its notes today")):
                show_notes(current.latest.notes)
        if current_actor().may(Permission.WRITE_RECORDS):
            _offer(visit.id, notes, current, as_of)


def _read_today(visit_id: UUID) -> NotesRecord | None:
    actor = current_actor()
    return read(
        lambda s: visit_notes.find(s, actor, visit_id), keep=("notes_today", visit_id)
    )


def _offer(
    visit_id: UUID,
    notes: Notes,
    current: NotesRecord | None,
    as_of: datetime | None,
) -> None:
    caption = _(
        "They become the next version of the visit's notes, in your name and marked "
        "with their date; earlier versions are kept."
    )
    reason = ask_why("past_notes", visit_id, _("Bring the notes back"), caption)
    if reason is not None:
        with error_boundary():
            number = current.latest.number if current else 0
            copy = NotesCopy(visit_id, notes, number, as_of, reason)
            _bring_back(copy)


def _bring_back(copy: NotesCopy) -> None:
    actor = current_actor()
    write(lambda s: point_in_time.bring_notes_back(s, actor, copy))
    notify(_("The notes are as they were."), icon="history")
    go("consultations/visit.py", visit=str(copy.visit_id))
