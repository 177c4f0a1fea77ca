"""How visits are booked, counted for administrators, who see no patient in it."""

from services.booking_statistics.counting import count, record_look
from services.booking_statistics.exporting import as_csv
from services.booking_statistics.records import (
    MOST_DAYS,
    BookingStatistics,
    DoctorDay,
    Figures,
    OneDoctor,
    Period,
)
from services.booking_statistics.totals import count_outcomes

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
