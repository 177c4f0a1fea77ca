"""How visits are booked, counted for administrators, who see no patient in it."""

from services.visits.figures.statistics.counting import (
    count,
    count_outcomes,
    record_look,
)
from services.visits.figures.statistics.exporting import as_csv
from services.visits.figures.statistics.records import (
    MOST_DAYS,
    BookingStatistics,
    DoctorDay,
    Figures,
    OneDoctor,
    Period,
)

__all__ = [
    "MOST_DAYS",
    "BookingStatistics",
    "DoctorDay",
    "Figures",
    "OneDoctor",
    "Period",
    "as_csv",
    "count",
    "count_outcomes",
    "record_look",
]
