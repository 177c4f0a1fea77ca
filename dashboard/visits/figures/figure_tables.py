"""Figures of booking: the whole at a glance, by day, by doctor."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import streamlit as st

from dashboard.ui.record_table import Cell, Column, Row, payload_of, record_table
from dashboard.ui.words import plain, written
from services.visits.figures.statistics import DoctorFigures, Figures

_COUNTED: Final = (
    Column("Slots"),
    Column("Booked"),
    Column("Utilisation"),
    Column("Holds"),
    Column("Confirmed"),
    Column("Hold-to-booking rate"),
    Column("Expired holds"),
    Column("Released"),
    Column("Conflicts"),
    Column("Cancelled"),
    Column("No-shows"),
)
_NOTHING: Final = "–"


def show_totals(figures: Figures, before: Figures | None) -> None:
    """Show the figures of the whole period, each beside those of as long before."""
    earlier = before or Figures()
    shown = (
        (
            "Utilisation",
            share(figures.utilisation),
            _points(figures.utilisation, earlier.utilisation),
            "Booked slots of those offered.",
        ),
        (
            "Hold-to-booking rate",
            share(figures.success_rate),
            _points(figures.success_rate, earlier.success_rate),
            "Holds that were confirmed.",
        ),
        (
            "Expired holds",
            f"{figures.expired:,}",
            figures.expired - earlier.expired,
            "Holds whose time was over.",
        ),
        (
            "Booking conflicts",
            f"{figures.conflicts:,}",
            figures.conflicts - earlier.conflicts,
            "Told: Slot already booked.",
        ),
        (
            "Cancelled",
            f"{figures.cancelled:,}",
            figures.cancelled - earlier.cancelled,
            "Visits; moved ones are among them.",
        ),
        (
            "No-shows",
            f"{figures.no_shows:,}",
            figures.no_shows - earlier.no_shows,
            "Patients who did not come.",
        ),
    )
    with st.grid(len(shown), min_column_width=165):
        for label, value, delta, meaning in shown:
            st.metric(
                label,
                value,
                delta if before is not None else None,
                delta_color="off",
                help=meaning,
                border=True,
            )
    if before is not None:
        st.caption("The small figures are the change against as many days before.")


def _points(now: float | None, before: float | None) -> str | None:
    """Return by how many hundredths a share has changed."""
    if now is None or before is None:
        return None
    return f"{100 * (now - before):+.0f} points"


def days_table(days: Sequence[tuple[date, Figures]], *, key: str) -> None:
    """Show the figures of each day."""
    rows = [
        Row(day.isoformat(), (Cell(written(day)), *_counts(figures)))
        for day, figures in days
    ]
    columns = (Column("Day", is_whole=True), *_COUNTED)
    record_table(payload_of(columns, rows, name="Booking by day"), key=key)


def doctors_table(doctors: Sequence[DoctorFigures], *, key: str) -> None:
    """Show the figures of each doctor whom somebody tried to book."""
    # The others would be rows of zeros.
    idle = [d for d in doctors if not (d.figures.holds or d.figures.conflicts)]
    rows = [
        Row(
            str(doctor.id),
            (Cell(doctor.name), *_counts(doctor.figures)),
            url=f"doctor?doctor={doctor.id}",
        )
        for doctor in doctors
        if doctor not in idle
    ]
    columns = (Column("Doctor"), *_COUNTED)
    if rows:
        record_table(payload_of(columns, rows, name="Booking by doctor"), key=key)
    if idle:
        names = ", ".join(plain(doctor.name) for doctor in idle)
        st.caption(f"Nobody tried to book with: {names}.")


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
