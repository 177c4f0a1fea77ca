"""The visits of a clinician that are over and whose notes are still to be written."""

from datetime import timedelta
from typing import Final

import streamlit as st

from dashboard.context import current_actor, now, read
from dashboard.navigation import go
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.figures import Figure
from dashboard.ui.language import decimal, gettext as _, weekday_and_number
from dashboard.ui.record_table import Cell, Column, Row, record_table
from dashboard.ui.words import at, name_in_list
from services.consultations import notes
from services.consultations.notes import UnwrittenVisit

_SINCE: Final = timedelta(days=60)
_SECONDS: Final = 30.0
_LISTED: Final = 5


def unwritten() -> tuple[UnwrittenVisit, ...]:
    """Return the visits of the last two months that have no notes."""
    actor, since = current_actor(), now() - _SINCE
    return read(
        lambda session: notes.list_unwritten(session, actor, since),
        keep=("unwritten", actor.id),
        seconds=_SECONDS,
    )


def unwritten_figure() -> Figure:
    """Return how many visits wait for their notes, by the day of the visit."""
    visits = unwritten()
    day = now().date()
    days = [day - timedelta(days=number) for number in range(13, -1, -1)]
    counted = {
        day: sum(visit.starts_at.date() == day for visit in visits) for day in days
    }
    return Figure(
        _("Open notes"),
        decimal(len(visits)),
        _("Your completed visits of the last 60 days without notes."),
        trend=[(weekday_and_number(day), number) for day, number in counted.items()],
        page="visits/day.py",
        link=_("Your day"),
    )


@st.fragment
def show_unwritten() -> None:
    """List the visits whose notes are open; each leads to its consulting room."""
    with error_boundary():
        st.subheader(_("Open notes"), anchor=False)
        visits = unwritten()[:_LISTED]
        if not visits:
            st.caption(_("All your visits have notes."))
            return
        rows = [
            Row(
                str(visit.id),
                (Cell(name_in_list(visit)), Cell(at(visit.starts_at))),
                url=f"visit?visit={visit.id}",
            )
            for visit in visits
        ]
        columns = (Column(_("Patient")), Column(_("Visit"), is_whole=True))
        event = record_table(columns, rows, name=_("Open notes"), key="home_open_notes")
        if event.opened:
            go("consultations/visit.py", visit=event.opened)
