"""Figures of booking: the whole at a glance, by day, by doctor."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import streamlit as st

from dashboard.ui.language import (
    decimal,
    gettext as _,
    long_date,
    marked,
    percent,
    pgettext,
)
from dashboard.ui.measures import signed
from dashboard.ui.record_table import Cell, Column, Row, record_table
from dashboard.ui.words import plain
from services.visits.figures.statistics import DoctorFigures, Figures

_NOTHING: Final = "–"


def show_totals(figures: Figures, before: Figures | None) -> None:
    """Show the figures of the whole period, each beside the previous period's."""
    earlier = before or Figures()
    shown = (
        (
            _("Utilisation"),
            share(figures.utilisation),
            _points(figures.utilisation, earlier.utilisation),
            _("Booked slots of those offered."),
        ),
        (
            _("Hold conversion"),
            share(figures.success_rate),
            _points(figures.success_rate, earlier.success_rate),
            _("Holds that were confirmed."),
        ),
        (
            _("Expired holds"),
            decimal(figures.expired),
            signed(figures.expired - earlier.expired),
            _("Holds that ran out."),
        ),
        (
            _("Booking conflicts"),
            decimal(figures.conflicts),
            signed(figures.conflicts - earlier.conflicts),
            _("Refused with: Slot already booked."),
        ),
        (
            pgettext("visit", "Cancelled"),
            decimal(figures.cancelled),
            signed(figures.cancelled - earlier.cancelled),
            _("Visits, including moved ones."),
        ),
        (
            _("No-shows"),
            decimal(figures.no_shows),
            signed(figures.no_shows - earlier.no_shows),
            _("Patients who did not come."),
        ),
    )
    with st.grid(len(shown), min_column_width=165):
        for label, value, delta, meaning in shown:
            st.metric(
                label,
                value,
                delta if before is not None else None,
                delta_color="off",
                # The sign tells the direction, to a screen reader as well.
                delta_arrow="off",
                help=meaning,
                border=True,
            )
    if before is not None:
        st.caption(
            _("The small figures show the change from the same number of days before.")
        )


def _points(now: float | None, before: float | None) -> str | None:
    """Return by how many percentage points a share has changed."""
    if now is None or before is None:
        return None
    # Rounded before: less than half a point is no change, and has no sign.
    change = round(100 * (now - before))
    return _("{change} points").format(change=signed(change))


def days_table(days: Sequence[tuple[date, Figures]], *, key: str) -> None:
    """Show the figures of each day."""
    rows = [
        Row(day.isoformat(), (Cell(long_date(day)), *_counts(figures)))
        for day, figures in days
    ]
    columns = (Column(marked("Day"), is_whole=True), *_counted())
    record_table(columns, rows, name=_("Booking by day"), key=key)


def doctors_table(doctors: Sequence[DoctorFigures], *, key: str) -> None:
    """Show the figures of each doctor with at least one attempt to book."""
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
    columns = (Column(marked("Doctor")), *_counted())
    if rows:
        record_table(columns, rows, name=_("Booking by doctor"), key=key)
    if idle:
        names = ", ".join(plain(doctor.name) for doctor in idle)
        st.caption(_("Nobody tried to book with: {names}.").format(names=names))


def share(value: float | None) -> str:
    """Return a share in per cent; a dash without a value."""
    return _NOTHING if value is None else percent(value)


def _counted() -> tuple[Column, ...]:
    return (
        Column(pgettext("visit", "Slots")),
        Column(_("Booked")),
        Column(_("Utilisation")),
        Column(pgettext("visit", "Holds")),
        Column(_("Confirmed")),
        Column(_("Hold conversion")),
        Column(_("Expired holds")),
        Column(_("Released")),
        Column(_("Conflicts")),
        Column(pgettext("visit", "Cancelled")),
        Column(_("No-shows")),
    )


def _counts(figures: Figures) -> tuple[Cell, ...]:
    return (
        Cell(decimal(figures.slots)),
        Cell(decimal(figures.booked)),
        Cell(share(figures.utilisation)),
        Cell(decimal(figures.holds)),
        Cell(decimal(figures.confirmed)),
        Cell(share(figures.success_rate)),
        Cell(decimal(figures.expired)),
        Cell(decimal(figures.released)),
        Cell(decimal(figures.conflicts)),
        Cell(decimal(figures.cancelled)),
        Cell(decimal(figures.no_shows)),
    )
