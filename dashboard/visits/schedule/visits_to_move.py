"""The visits at times that a doctor's plan no longer has, each to be moved."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from dashboard.context import current_actor, read
from dashboard.navigation import go
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.record_table import (
    Cell,
    Column,
    Row,
    RowAction,
    chosen_of,
    record_table,
)
from dashboard.ui.words import name_in_list
from dashboard.visits.booking.times import when
from dashboard.visits.front_desk.desk_words import phone_cell
from services.visits.schedule import plans
from services.visits.schedule.doctors import DoctorRecord
from services.visits.schedule.plans import VisitToMove

_COLUMNS: Final = (
    Column(marked("When")),
    Column(marked("Doctor")),
    Column(marked("Who")),
    Column(marked("Phone"), is_whole=True),
    Column(marked("State")),
    Column(""),
)


def show_visits_to_move(doctor: DoctorRecord) -> None:
    """List visits that have to move, if any, with a way to another time for each."""
    actor = current_actor()
    visits = read(lambda session: plans.list_visits_to_move(session, actor, doctor.id))
    if not visits:
        return
    st.warning(
        _(
            "Visits at times that are no longer in the plan: {count}. They stay "
            "booked until somebody moves or cancels them; nobody else gets these "
            "times."
        ).format(count=len(visits)),
        icon=":material/event_repeat:",
    )
    show_visits(visits, name=_("Visits to move"), key="doctor_visits_to_move")


def show_visits(visits: Sequence[VisitToMove], *, name: str, key: str) -> None:
    """List visits with a way to another time, to people who may see the patients."""
    if visits[0].patient_name is None:
        st.caption(_("The front desk sees whose they are, and moves them."))
        return
    rows = [
        Row(
            str(visit.slot_id),
            (
                Cell(when(visit.starts_at)),
                Cell(visit.doctor_name),
                Cell(_whose(visit)),
                phone_cell(visit.phone),
                Cell(_("Booked") if visit.is_booked else _("Being booked")),
                Cell("", actions=_actions(visit)),
            ),
        )
        for visit in visits
    ]
    event = record_table(_COLUMNS, rows, name=name, key=key)
    chosen = chosen_of(event, visits, lambda visit: visit.slot_id)
    if chosen is not None:
        go(
            "visits/doctor.py",
            doctor=str(chosen.doctor_id),
            moves=str(chosen.booking_id),
            patient=str(chosen.patient_id),
        )


def _whose(visit: VisitToMove) -> str:
    name = name_in_list(visit)
    if visit.patient_id is None:
        return _("{name} (not registered yet)").format(name=name)
    return name


def _actions(visit: VisitToMove) -> tuple[RowAction, ...]:
    """Offer to move a patient's visit; a hold ends by itself.

    Newcomers move their visit by a link, or are registered first.
    """
    is_movable = visit.is_booked and visit.booking_id is not None
    return (
        (RowAction("move", _("Move"), "event_repeat", shows_label=True),)
        if is_movable
        else ()
    )
