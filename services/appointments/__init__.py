"""Visits: from the booking to the waiting room and what became of them."""

from services.appointments.codes import new_code, spelt
from services.appointments.deeds import check_in, complete, miss, undo_check_in
from services.appointments.errors import (
    NoSuchCode,
    NoSuchVisit,
    NotACode,
    NotItsTime,
    StaleVisit,
    WrongStatus,
)
from services.appointments.reading import (
    find_by_code,
    get,
    list_of_day,
    list_of_doctor,
    list_of_patient,
    list_own_day,
    look_up,
    record_event,
)
from services.appointments.records import VisitRecord, VisitStatus

__all__ = [
    "NoSuchCode",
    "NoSuchVisit",
    "NotACode",
    "NotItsTime",
    "StaleVisit",
    "VisitRecord",
    "VisitStatus",
    "WrongStatus",
    "check_in",
    "complete",
    "find_by_code",
    "get",
    "list_of_day",
    "list_of_doctor",
    "list_of_patient",
    "list_own_day",
    "look_up",
    "miss",
    "new_code",
    "record_event",
    "spelt",
    "undo_check_in",
]
