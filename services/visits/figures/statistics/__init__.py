"""Booking statistics for administrators, who see no patient in them."""

from services.visits.figures.statistics.counting import (
    count as count,
    count_outcomes as count_outcomes,
    record_access as record_access,
)
from services.visits.figures.statistics.exporting import as_csv as as_csv
from services.visits.figures.statistics.records import (
    BookingStatistics as BookingStatistics,
    DoctorFigures as DoctorFigures,
    Figures as Figures,
    Period as Period,
)
