"""Doctors as a table: who they are, and when they are free next."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

import streamlit as st

from dashboard.ui.language import gettext as _, marked
from dashboard.ui.record_table import (
    Cell,
    Column,
    Row,
    RowAction,
    TableEvent,
    record_table,
)
from dashboard.ui.words import capitalised
from dashboard.visits.doctors.doctor_header import fee_of
from services.visits.schedule.doctors import DoctorRecord

_COLUMNS: Final = (
    Column(marked("Name")),
    Column(marked("Speciality")),
    Column(marked("Next free")),
    Column(marked("Room")),
    Column(marked("Fee")),
    Column(marked("City")),
)
_CARRIED: Final = ("patient", "moves")


def doctor_table(
    doctors: Sequence[DoctorRecord],
    *,
    is_managed: bool,
    written_time: Callable[[datetime], str],
    key: str,
) -> TableEvent:
    """Show the doctors; a row opens the doctor's times, an action their plan.

    `written_time` returns when a doctor is free, on the clock that the page uses.
    """
    columns = (*_COLUMNS, Column("")) if is_managed else _COLUMNS
    rows = [
        _row(doctor, _next_free(doctor, written_time), is_managed=is_managed)
        for doctor in doctors
    ]
    return record_table(columns, rows, name=_("Doctors"), key=key)


def carried() -> dict[str, str]:
    """Return the parameters of the address that are passed on to the chosen doctor."""
    return {name: st.query_params[name] for name in _CARRIED if name in st.query_params}


def _row(doctor: DoctorRecord, next_free: Cell, *, is_managed: bool) -> Row:
    cells = [
        Cell(doctor.name),
        Cell(capitalised(doctor.speciality)),
        next_free,
        Cell(doctor.room or ""),
        Cell(fee_of(doctor)),
        Cell(doctor.city or ""),
    ]
    if is_managed:
        plan = RowAction("plan", _("Plan"), "edit_calendar", shows_label=True)
        cells.append(Cell("", actions=(plan,)))
    query = urlencode({"doctor": str(doctor.id)} | carried())
    return Row(str(doctor.id), tuple(cells), f"doctor?{query}")


def _next_free(doctor: DoctorRecord, written_time: Callable[[datetime], str]) -> Cell:
    if not doctor.is_active:
        return Cell(_("Cannot be booked"), "muted", "block")
    if doctor.next_free_at is None:
        return Cell(_("Nothing free"), "muted")
    return Cell(written_time(doctor.next_free_at))
