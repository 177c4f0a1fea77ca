"""How a visit of then can be restored, and the form that does it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from uuid import uuid4

import streamlit as st

from dashboard.context import current_actor, now, write
from dashboard.navigation import go
from dashboard.patients.point_in_time.reasons import ask_why
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.notices import notify
from dashboard.ui.words import at
from services.consultations import point_in_time
from services.consultations.point_in_time import (
    RestoreAction,
    VisitChange,
    VisitComparison,
    VisitCopy,
    VisitsSnapshot,
)
from services.core.actors import Permission
from services.visits.booking import bookings

_WORDS: Final[Mapping[RestoreAction, str]] = {
    RestoreAction.BOOK: marked(
        "It is booked again with the same doctor at the same time if both are free. "
        "The patient gets the usual e-mail about a booking, and the visit a new "
        "ticket."
    ),
    RestoreAction.MOVE: marked(
        "It is moved back to the same doctor and time if both are free. The patient "
        "gets the usual e-mail about a moved visit."
    ),
    RestoreAction.STATUS: marked(
        "Its state is reset as the front desk would do it, with the current time."
    ),
}
_BUTTONS: Final[Mapping[RestoreAction, str]] = {
    RestoreAction.BOOK: marked("Book it again"),
    RestoreAction.MOVE: marked("Move it back"),
    RestoreAction.STATUS: marked("Reset its state"),
}
_NEEDED: Final[Mapping[RestoreAction, Permission]] = {
    RestoreAction.BOOK: Permission.BOOK_VISITS,
    RestoreAction.MOVE: Permission.BOOK_VISITS,
    RestoreAction.STATUS: Permission.RUN_THE_DESK,
}
_STAYS: Final[Mapping[VisitChange, str]] = {
    # Its notes may differ, which is shown below.
    VisitChange.SAME: marked("The visit itself is the same today."),
    VisitChange.ENDED: marked(
        "Its state cannot be reset: that is possible until twelve hours after the "
        "visit."
    ),
    VisitChange.MOVED: marked(
        "It cannot be moved back: both its old and its new time would have to be in "
        "the future."
    ),
    VisitChange.CANCELLED: marked(
        "It stays cancelled: its time has passed, and only future visits can be booked."
    ),
    VisitChange.REBOOKED: marked("The patient has a visit at this time again."),
    VisitChange.GONE: marked(
        "It cannot be booked again: its time has passed, and only future visits can "
        "be booked. Its notes are shown here, so that you can write them at another "
        "visit."
    ),
}


def show_visit_restore(compared: VisitComparison, then: VisitsSnapshot) -> None:
    """Offer the possible way to restore a visit, or say why there is none."""
    way = compared.restore_action(now())
    if way is None:
        st.caption(_(_STAYS[compared.change]))
    elif current_actor().may(_NEEDED[way]):
        _offer(compared, way, then.timestamp)
    is_lost = compared.change in (VisitChange.GONE, VisitChange.CANCELLED)
    if (
        is_lost
        and current_actor().may(Permission.BOOK_VISITS)
        and st.button(
            _("Book another time"), key="past_visit_book", icon=":material/event:"
        )
    ):
        go("visits/book.py", patient=str(compared.then.patient_id))
    is_prescribed = compared.then.id in then.prescriptions
    if is_prescribed and compared.change is not VisitChange.SAME:
        st.caption(
            _(
                "Prescriptions are not brought back: a clinician has to sign and "
                "issue them again."
            )
        )


def _offer(
    compared: VisitComparison, way: RestoreAction, as_of: datetime | None
) -> None:
    visit_id = compared.then.id
    reason = ask_why("past_visit", visit_id, _(_BUTTONS[way]), _(_WORDS[way]))
    if reason is None:
        return
    with error_boundary():
        revision = compared.today.revision if compared.today else None
        copy = VisitCopy(compared.then, revision, as_of, reason, uuid4())
        _BRINGING[way](copy)
        go("visits/visits.py", patient=str(compared.then.patient_id))


def _book(copy: VisitCopy) -> None:
    actor, timestamp = current_actor(), now()
    booked = bookings.require_held(
        write(lambda s: point_in_time.book_again(s, actor, copy, now=timestamp))
    )
    notify(
        _("The visit of {at} is booked again.").format(at=at(booked.starts_at)),
        icon="event_available",
    )


def _set_back(copy: VisitCopy) -> None:
    actor, timestamp = current_actor(), now()
    visit = write(
        lambda s: point_in_time.set_status_back(s, actor, copy, now=timestamp)
    )
    notify(
        _("The state of the visit of {at} is reset.").format(at=at(visit.starts_at)),
        icon="history",
    )


_BRINGING: Final[Mapping[RestoreAction, Callable[[VisitCopy], None]]] = {
    RestoreAction.BOOK: _book,
    RestoreAction.MOVE: _book,
    RestoreAction.STATUS: _set_back,
}
