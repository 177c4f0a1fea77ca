"""Whom the desk phones to remind: who has a visit soon, and no e-mail address."""

from datetime import timedelta
from typing import Final

import streamlit as st

from dashboard.context import current_actor, in_zone, read
from dashboard.navigation import open_patient
from dashboard.ui.clock import today, zone
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import day_heading, gettext as _, marked
from dashboard.ui.record_table import Cell, Column, Piece, Row, payload_of, record_table
from dashboard.ui.words import written
from dashboard.visits.front_desk import desk_words
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitRecord

_SECONDS: Final = 60.0
_COLUMNS: Final = (
    Column(marked("Patient")),
    Column(marked("Phone"), is_whole=True),
    Column(marked("Time"), is_whole=True),
    Column(marked("With")),
)


def show_whom_to_phone() -> None:
    """List them below the day, folded; nothing where there is nobody."""
    with error_boundary():
        actor, day = current_actor(), today() + timedelta(days=1)
        listed = read(
            lambda s: appointments.list_to_phone(s, actor, day, zone()),
            keep=("to phone", actor.id, day),
            seconds=_SECONDS,
        )
        if not listed:
            return
        title = _("Remind by phone: {count}, for {day}").format(
            count=len(listed), day=day_heading(in_zone(listed[0].starts_at).date())
        )
        with st.expander(title, icon=":material/call:", key="desk_phone_box"):
            st.caption(_("They have no e-mail address, so no letter reminds them."))
            rows = [_row(visit) for visit in listed]
            table = payload_of(_COLUMNS, rows, name=_("Remind by phone"))
            event = record_table(table, key="desk_phone")
    for visit in listed:
        if str(visit.id) == event.opened:
            open_patient(visit.patient_id)


def _row(visit: VisitRecord) -> Row:
    born = visit.date_of_birth
    lines = ((Piece(_("born {day}").format(day=written(born))),),) if born else ()
    return Row(
        str(visit.id),
        (
            Cell(desk_words.who_in_a_list(visit), lines=lines),
            Cell(visit.phone or "–"),
            Cell(desk_words.hour(visit.starts_at)),
            Cell(desk_words.whom(visit)),
        ),
        url=f"patient?patient={visit.patient_id}" if visit.patient_name else "",
    )
