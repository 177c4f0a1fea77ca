"""Visits: from the booking to the waiting room and to their end."""

from services.visits.front_desk.appointments.codes import (
    formatted as formatted,
    new_code as new_code,
)
from services.visits.front_desk.appointments.errors import (
    NoSuchVisit as NoSuchVisit,
    StaleVisit as StaleVisit,
    StepNotPossible as StepNotPossible,
    WrongStatus as WrongStatus,
)
from services.visits.front_desk.appointments.reading import (
    find_by_code as find_by_code,
    get as get,
    list_between as list_between,
    list_expected as list_expected,
    list_of_day as list_of_day,
    list_of_patient as list_of_patient,
    list_own_day as list_own_day,
    list_to_phone as list_to_phone,
    look_up as look_up,
    record_event as record_event,
)
from services.visits.front_desk.appointments.records import (
    VisitRecord as VisitRecord,
    VisitStatus as VisitStatus,
)
from services.visits.front_desk.appointments.transitions import (
    call_in as call_in,
    check_in as check_in,
    complete as complete,
    miss as miss,
    reopen as reopen,
    undo_call_in as undo_call_in,
    undo_check_in as undo_check_in,
)
