"""Blocking a doctor's time from the calendar: drawn in it, or typed."""

from collections.abc import Sequence
from datetime import date, time
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, write
from dashboard.ui.clock import calendar
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import bounded_line
from dashboard.ui.fields.days import needed_time_field
from dashboard.ui.language import gettext as _, marked
from dashboard.visits.calendar.doctor_and_day import choose_day, choose_doctor
from dashboard.visits.calendar.period import shown_day
from dashboard.visits.schedule.exception_times import exception_times
from dashboard.visits.schedule.plan_changes import show_plan_result
from dashboard.visits.schedule.visits_to_move import show_visits
from services.core.actors import Permission
from services.core.errors import InvalidInput
from services.visits.schedule import plans
from services.visits.schedule.plans import ExceptionDraft, ExceptionKind, VisitToMove

_REQUEST: Final = "calendar_block_asked"
_PREVIEW: Final = "calendar_block_preview"
_DOCTOR: Final = "calendar_block_doctor"
_DAY: Final = "calendar_block_day"
_FROM: Final = "calendar_block_starts_at"
_UNTIL: Final = "calendar_block_ends_at"
_WHOLE_DAY: Final = "calendar_block_whole_day"
_REASON: Final = "calendar_block_reason"
_HOUR: Final = 60
_LAST: Final = time(23, 59)
_USUAL: Final = (12 * _HOUR, 13 * _HOUR)


def may_block() -> bool:
    """Return whether this person may block times of doctors."""
    return current_actor().may(Permission.MANAGE_DOCTORS)


def offer_blocking(doctor_ids: Sequence[UUID]) -> None:
    """Offer to block a time without drawing it."""
    if may_block() and st.button(
        _("Block a time"), key="calendar_block_open", icon=":material/block:"
    ):
        _prepare(doctor_ids[0] if doctor_ids else None, shown_day(), *_USUAL)


def ask_to_block(lane: str, begins: int, ends: int) -> None:
    """Open the dialog in the next run for a stretch that was drawn in a lane."""
    doctor_id, day = lane.split()
    _prepare(UUID(doctor_id), date.fromisoformat(day), begins, ends)
    st.rerun()


def show_blocking() -> None:
    """Open the requested dialog; once, since it stays until it is closed."""
    if st.session_state.pop(_REQUEST, False):
        _ask()


def _prepare(doctor_id: UUID | None, day: date, begins: int, ends: int) -> None:
    st.session_state.pop(_PREVIEW, None)
    st.session_state[_REQUEST] = True
    st.session_state[_DOCTOR] = doctor_id
    st.session_state[_DAY] = day
    st.session_state[_FROM] = _time(begins)
    st.session_state[_UNTIL] = _time(ends)
    # Set, not deleted: the browser would send what was entered for another stretch.
    st.session_state[_WHOLE_DAY] = False
    st.session_state[_REASON] = ""


def _time(minute: int) -> time:
    hour, rest = divmod(minute, _HOUR)
    return time(hour, rest) if hour <= _LAST.hour else _LAST


@dialog(marked("Block a time"), icon=":material/block:", width="medium")
def _ask() -> None:
    with error_boundary():
        try:
            draft = _fields()
        except InvalidInput:
            _show_waiting_button()
            raise
        if draft is None:
            _show_waiting_button()
            return
        known: tuple[ExceptionDraft, Sequence[VisitToMove]] | None
        known = st.session_state.get(_PREVIEW)
        if known and known[0] == draft:
            _confirm(draft, known[1])
        elif confirmed(_("Block the time"), key="calendar_block"):
            actor = current_actor()
            visits = write(
                lambda s: plans.preview_exception(s, actor, draft, calendar())
            )
            if not visits:
                _add(draft)
            st.session_state[_PREVIEW] = (draft, visits)
            st.rerun(scope="fragment")


def _show_waiting_button() -> None:
    """Show the button that waits for a doctor, and for times that there are."""
    confirmed(_("Block the time"), key="calendar_block", is_disabled=True)


def _fields() -> ExceptionDraft | None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        doctor_id = choose_doctor(_DOCTOR)
        day = choose_day(_DAY)
        is_whole_day = bool(st.session_state[_WHOLE_DAY])
        first, last = (
            needed_time_field(
                label,
                field=field,
                key=key,
                step=300,
                width=120,
                disabled=is_whole_day,
            )
            for label, field, key in (
                (_("From"), "starts_at", _FROM),
                (_("Until"), "ends_at", _UNTIL),
            )
        )
    st.checkbox(_("The whole day"), key=_WHOLE_DAY)
    reason = bounded_line(
        _("Reason (no patient names)"),
        key=_REASON,
        longest=ExceptionDraft.LONGEST_REASON,
    )
    if doctor_id is None:
        return None
    times = exception_times(day, first, day, last, is_whole_day=is_whole_day)
    return ExceptionDraft(ExceptionKind.BLOCKED, *times, doctor_id, reason)


def _confirm(draft: ExceptionDraft, visits: Sequence[VisitToMove]) -> None:
    """List the visits it concerns before it takes effect."""
    st.markdown(
        _(
            "Nothing is blocked yet. Visits in this time: **{count}**. Move them "
            "first, or block it now; they then stay booked until somebody moves or "
            "cancels them."
        ).format(count=len(visits))
    )
    if confirmed(
        _("Block it, {count} to be moved").format(count=len(visits)),
        key="calendar_block_anyway",
    ):
        _add(draft)
    show_visits(visits, name=_("Visits in this time"), key="calendar_block_visits")


def _add(draft: ExceptionDraft) -> None:
    actor = current_actor()
    became = write(lambda s: plans.add_exception(s, actor, draft, calendar()))
    show_plan_result(_("The time is blocked."), became)
    st.rerun()
