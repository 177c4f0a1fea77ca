"""Figures of booking: the whole at a glance, by day, by doctor."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import streamlit as st

from dashboard.ui.record_table import Cell, Column, Row, payload_of, record_table
from dashboard.ui.words import written
from services.visits.figures.statistics import DoctorFigures, Figures

_COUNTED: Final = (
    Column("Slots"),
    Column("Booked"),
    Column("Utilisation"),
    Column("Holds"),
    Column("Confirmed"),
    Column("Success"),
    Column("Ran out"),
    Column("Given back"),
    Column("Lost the race"),
    Column("Cancelled"),
    Column("No-shows"),
)
_NOTHING: Final = "–"


def show_totals(figures: Figures) -> None:
    """Show the figures of the whole period."""
    shown = (
        ("Utilisation", share(figures.utilisation), "Booked slots of those offered."),
        (
            "Confirmed",
            share(figures.success_rate),
            "Of all holds.",
        ),
        ("Ran out", f"{figures.expired:,}", "Holds whose time was over."),
        ("Lost races", f"{figures.conflicts:,}", "Told: Slot already booked."),
        ("Cancelled", f"{figures.cancelled:,}", "Visits; moved ones are among them."),
        ("No-shows", f"{figures.no_shows:,}", "Patients who did not come."),
    )
    with st.container(horizontal=True):
        for label, value, meaning in shown:
            st.metric(label, value, help=meaning, border=True, width=165)


def days_table(days: Sequence[tuple[date, Figures]], *, key: str) -> None:
    """Show the figures of each day."""
    rows = [
        Row(day.isoformat(), (Cell(written(day)), *_counts(figures)))
        for day, figures in days
    ]
    columns = (Column("Day", is_whole=True), *_COUNTED)
    record_table(payload_of(columns, rows, name="Booking by day"), key=key)


def doctors_table(doctors: Sequence[DoctorFigures], *, key: str) -> None:
    """Show the figures of each doctor."""
    rows = [
        Row(
            str(doctor.id),
            (Cell(doctor.name), *_counts(doctor.figures)),
            url=f"doctor?doctor={doctor.id}",
        )
        for doctor in doctors
    ]
    columns = (Column("Doctor"), *_COUNTED)
    record_table(payload_of(columns, rows, name="Booking by doctor"), key=key)


def share(value: float | None) -> str:
    """Return a share in per cent; of nothing there is none."""
    return _NOTHING if value is None else f"{value:.0%}"


def _counts(figures: Figures) -> tuple[Cell, ...]:
    return (
        Cell(f"{figures.slots:,}"),
        Cell(f"{figures.booked:,}"),
        Cell(share(figures.utilisation)),
        Cell(f"{figures.holds:,}"),
        Cell(f"{figures.confirmed:,}"),
        Cell(share(figures.success_rate)),
        Cell(f"{figures.expired:,}"),
        Cell(f"{figures.released:,}"),
        Cell(f"{figures.conflicts:,}"),
        Cell(f"{figures.cancelled:,}"),
        Cell(f"{figures.no_shows:,}"),
    )
