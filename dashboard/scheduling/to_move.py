"""The visits at times that a doctor's plan has no longer, each to be moved."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from dashboard.booking.times import when
from dashboard.context import current_actor, read
from dashboard.navigation import go
from dashboard.widgets.record_table import (
    Cell,
    Column,
    Deed,
    Row,
    payload_of,
    record_table,
)
from services import scheduling
from services.doctors import DoctorRecord
from services.scheduling import VisitWithin

_COLUMNS: Final = (Column("When"), Column("Who"), Column("State"), Column(""))


def visits_to_move(doctor: DoctorRecord) -> None:
    """List them with a way to another time; nothing where there are none."""
    actor = current_actor()
    found = read(
        lambda session: scheduling.list_visits_to_move(session, actor, doctor.id)
    )
    if not found:
        return
    st.warning(
        f"Visits at times that are not in the plan any more: {len(found)}. They stand "
        "until somebody moves or cancels them; nobody else gets these times.",
        icon=":material/event_repeat:",
    )
    if found[0].patient_id is None:
        st.caption("The front desk sees whose they are, and moves them.")
    else:
        _table(found)


def _table(found: Sequence[VisitWithin]) -> None:
    rows = [
        Row(
            str(one.slot_id),
            (
                Cell(when(one.starts_at)),
                Cell(one.patient_name or ""),
                Cell("Booked" if one.is_booked else "Being booked"),
                Cell("", deeds=_deeds(one)),
            ),
        )
        for one in found
    ]
    payload = payload_of(_COLUMNS, rows, name="Visits to move")
    asked = record_table(payload, key="doctor_visits_to_move")
    for one in found:
        if asked.deed and str(one.slot_id) == asked.deed[0]:
            go(
                "doctor.py",
                doctor=str(one.doctor_id),
                moves=str(one.booking_id),
                patient=str(one.patient_id),
            )


def _deeds(visit: VisitWithin) -> tuple[Deed, ...]:
    """Offer to move what is booked; a hold ends by itself."""
    return (Deed("move", "Move", "event_repeat"),) if visit.is_booked else ()
