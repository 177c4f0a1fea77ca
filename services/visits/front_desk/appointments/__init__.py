"""Visits: from the booking to the waiting room and what became of them."""

from services.visits.front_desk.appointments.codes import new_code, spelt
from services.visits.front_desk.appointments.errors import (
    NoSuchCode,
    NoSuchVisit,
    NotACode,
    NotItsTime,
    StaleVisit,
    WrongStatus,
)
from services.visits.front_desk.appointments.reading import (
    find_by_code,
    get,
    list_of_day,
    list_of_doctor,
    list_of_patient,
    list_own_day,
    look_up,
    record_event,
)
from services.visits.front_desk.appointments.records import VisitRecord, VisitStatus
from services.visits.front_desk.appointments.transitions import (
    check_in,
    complete,
    miss,
    undo_check_in,
)

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
