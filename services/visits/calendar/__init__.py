"""The clinic's calendar: doctors, their times and the visits in them, day by day."""

from services.visits.calendar.day_list import day_list_pdf as day_list_pdf
from services.visits.calendar.reading import (
    find_own_doctor as find_own_doctor,
    list_to_print as list_to_print,
    read_period as read_period,
)
from services.visits.calendar.records import (
    CalendarPeriod as CalendarPeriod,
)
