"""A patient's visits as a table, and the actions on each."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

import streamlit as st

from dashboard.context import current_actor, now, read, write
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import bounded_line
from dashboard.ui.language import gettext as _, marked, pgettext, refusal_text
from dashboard.ui.measures import lasting
from dashboard.ui.notices import notify
from dashboard.ui.record_table import (
    Cell,
    Column,
    Row,
    RowAction,
    chosen_of,
    record_table,
)
from dashboard.ui.words import capitalised, plain
from dashboard.visits.appointments.visit_addresses import calendar_url, ticket_url
from dashboard.visits.booking.cancellation_notice import notice_hours
from dashboard.visits.booking.moving import go_and_move
from dashboard.visits.booking.times import when
from dashboard.visits.front_desk import desk_words
from services.core.actors import Permission, Role
from services.core.reasons import LONGEST
from services.visits.booking import bookings
from services.visits.booking.bookings.errors import NotesWritten
from services.visits.front_desk.appointments import VisitRecord, VisitStatus

_MOVE: Final = "move"
_CANCEL: Final = "cancel"
# For how long after the warning about notes *Cancel visit* may be pressed again.
_READ_FOR: Final = timedelta(minutes=2)
_COLUMNS: Final = (
    Column(marked("When")),
    Column(marked("Doctor")),
    Column(marked("Room")),
    Column(marked("About")),
    Column(marked("State"), is_whole=True),
    Column(marked("Actions")),
)
_CELLS: Final = {
    VisitStatus.SCHEDULED: Cell(marked("Booked"), "info", "event"),
    VisitStatus.IN_ROOM: Cell(marked("In the room"), "info", "meeting_room"),
    VisitStatus.COMPLETED: Cell(marked("Completed"), "ok", "task_alt"),
    VisitStatus.CANCELLED: Cell("Cancelled", "muted", "event_busy"),
    VisitStatus.NO_SHOW: Cell(marked("Did not come"), "danger", "person_off"),
}


def visits_table(visits: Sequence[VisitRecord], *, name: str, key: str) -> None:
    """Show the visits, and carry out the action chosen for one of them."""
    actions = [tuple(_actions(visit)) for visit in visits]
    # Visits that are over have no actions, so no column for them.
    columns = _COLUMNS if any(actions) else _COLUMNS[:-1]
    rows = [
        _row(visit, of_visit, width=len(columns))
        for visit, of_visit in zip(visits, actions, strict=True)
    ]
    event = record_table(columns, rows, name=name, key=key)
    if any(map(_is_left_to_clinic, visits)):
        st.caption(
            _(
                "Visits can be cancelled or moved up to {hours:g} hours before they "
                "begin. After that, please call the clinic."
            ).format(hours=notice_hours())
        )
    visit = chosen_of(event, visits, lambda visit: visit.id)
    if event.action and visit:
        if event.action[1] == _CANCEL:
            ask_to_cancel(visit)
        else:
            _move(visit)


def _row(visit: VisitRecord, actions: tuple[RowAction, ...], *, width: int) -> Row:
    speciality = capitalised(visit.speciality)
    cells = (
        Cell(when(visit.starts_at)),
        Cell(f"{visit.doctor_name}, {speciality}"),
        Cell(visit.room or ""),
        Cell(visit.note),
        state_of(visit),
        Cell("", actions=actions),
    )
    return Row(str(visit.id), cells[:width])


def _actions(visit: VisitRecord) -> Iterator[RowAction]:
    if visit.status is not VisitStatus.SCHEDULED:
        return
    yield RowAction(
        "ticket", _("Download ticket"), "confirmation_number", ticket_url(visit.id)
    )
    yield RowAction(
        "calendar",
        _("Download calendar file"),
        "calendar_add_on",
        calendar_url(visit.id),
    )
    if _is_left_to_clinic(visit) or (_has_begun(visit) and not _overrides()):
        return
    yield RowAction(_MOVE, _("Move"), "event_repeat", shows_label=True)
    yield RowAction(
        _CANCEL, pgettext("visit", "Cancel"), "event_busy", shows_label=True
    )


def _move(visit: VisitRecord) -> None:
    actor = current_actor()
    go_and_move(read(lambda s: bookings.get(s, actor, visit.booking_id)))


@dialog(marked("Cancel this visit?"), icon=":material/event_busy:")
def ask_to_cancel(visit: VisitRecord) -> None:
    """Ask for confirmation and a reason before a visit is cancelled."""
    with error_boundary():
        # Patients know whose visit it is; at the desk it may be a neighbour's.
        if visit.patient_name and current_actor().may(Permission.VIEW_VISITS):
            st.markdown(f"**{plain(visit.patient_name)}**")
        st.markdown(
            _(
                "**{starts_at}** with **{doctor_name}** is cancelled at once, and the "
                "time becomes free for others. This cannot be undone."
            ).format(
                starts_at=when(visit.starts_at), doctor_name=plain(visit.doctor_name)
            )
        )
        overrides = _has_begun(visit) and _overrides()
        if overrides:
            st.warning(
                _("The visit has begun, so enter a reason."), icon=":material/gavel:"
            )
        reason = bounded_line(
            _("Reason"),
            key=f"visits_cancel_{visit.id}_reason",
            longest=LONGEST,
            placeholder="" if overrides else _("Optional"),
        )
        if confirmed(
            _("Cancel visit"),
            key="visits_cancel_confirm",
            is_final=True,
            otherwise=_("Keep it"),
        ):
            _cancel(visit, reason, overrides=overrides)


def _cancel(visit: VisitRecord, reason: str, *, overrides: bool) -> None:
    """Cancel the visit; if it has notes, only once the warning has been read."""
    actor, hours = current_actor(), notice_hours()
    read = f"visits_cancel_{visit.id}_notes"
    read_at = st.session_state.pop(read, None)
    try:
        write(
            lambda s: bookings.cancel(
                s,
                actor,
                visit.booking_id,
                reason=reason.strip() or None,
                override_reason=reason if overrides else None,
                despite_notes=read_at is not None and now() - read_at < _READ_FOR,
                notice_hours=hours,
            )
        )
    except NotesWritten as refusal:
        st.session_state[read] = now()
        again = _("To cancel it anyway, press *Cancel visit* again.")
        why = plain(refusal_text(refusal))
        st.warning(f"{why} {again}", icon=":material/clinical_notes:")
        return
    notify(_("The visit is cancelled."), icon="event_busy")
    st.rerun()


def _is_left_to_clinic(visit: VisitRecord) -> bool:
    """Return whether the visit is so near that its patient can no longer change it."""
    return (
        current_actor().role is Role.PATIENT
        and visit.status is VisitStatus.SCHEDULED
        and visit.starts_at - now() < timedelta(hours=notice_hours())
    )


def _has_begun(visit: VisitRecord) -> bool:
    return visit.starts_at <= now()


def _overrides() -> bool:
    return current_actor().may(Permission.OVERRIDE_BOOKING)


def state_of(visit: VisitRecord) -> Cell:
    """Return how far a visit has come."""
    if visit.status is VisitStatus.CHECKED_IN:
        waited = lasting(desk_words.waited_minutes(visit))
        return Cell(
            _("Checked in, waiting {waited}").format(waited=waited),
            "info",
            "how_to_reg",
        )
    known = _CELLS[visit.status]
    if visit.status is VisitStatus.CANCELLED:
        return replace(known, text=pgettext("visit", "Cancelled"))
    return replace(known, text=_(known.text))
