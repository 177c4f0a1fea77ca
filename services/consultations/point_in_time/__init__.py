"""Visits of a patient as they were at an earlier time, with what was written."""

from services.consultations.point_in_time.comparing import (
    VisitChange as VisitChange,
    VisitThen as VisitThen,
    compare_today as compare_today,
)
from services.consultations.point_in_time.looking import (
    VisitsThen as VisitsThen,
    read_then as read_then,
)
