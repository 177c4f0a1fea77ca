"""The same figures as a CSV file, a line for each doctor and day."""

import csv
import io
from dataclasses import astuple, fields
from typing import Final

from services.lists.csv_cells import escape_formula
from services.visits.figures.statistics.records import (
    BookingStatistics,
    DoctorDay,
    Figures,
)

_HEADINGS: Final = (
    "doctor_id",
    "doctor",
    "speciality",
    "day",
    *(field.name for field in fields(Figures)),
    "utilisation",
    "success_rate",
)


def as_csv(statistics: BookingStatistics) -> str:
    """Return the figures as CSV, a header first; a share of nothing is left empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(_HEADINGS)
    writer.writerows(map(_cells, statistics.doctor_days))
    return buffer.getvalue()


def _cells(doctor_day: DoctorDay) -> list[str]:
    return [
        str(doctor_day.doctor_id),
        escape_formula(doctor_day.doctor_name),
        escape_formula(doctor_day.speciality),
        doctor_day.day.isoformat(),
        *map(str, astuple(doctor_day.figures)),
        _share(doctor_day.figures.utilisation),
        _share(doctor_day.figures.success_rate),
    ]


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
