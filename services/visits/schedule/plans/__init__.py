"""When doctors work: weekly plans, exceptions to them, and the slots made of both."""

from services.visits.schedule.plans.errors import (
    InvalidWeek,
    NoSuchException,
    NoSuchExtra,
    SlotInUse,
)
from services.visits.schedule.plans.exceptions import (
    add_exception,
    list_exceptions,
    preview_exception,
    remove_exception,
)
from services.visits.schedule.plans.extras import add_extra, list_extras, withdraw_extra
from services.visits.schedule.plans.planning import apply_plans, extend, list_planned
from services.visits.schedule.plans.records import (
    HORIZON,
    Calendar,
    ExceptionDraft,
    ExceptionKind,
    ExceptionRecord,
    Hours,
    HoursKind,
    PlanResult,
    VisitWithin,
)
from services.visits.schedule.plans.typed import read_hours, write_hours
from services.visits.schedule.plans.visits import list_visits_to_move
from services.visits.schedule.plans.weeks import WEEKDAYS, change_week, get_week

__all__ = [
    "HORIZON",
    "WEEKDAYS",
    "Calendar",
    "ExceptionDraft",
    "ExceptionKind",
    "ExceptionRecord",
    "Hours",
    "HoursKind",
    "InvalidWeek",
    "NoSuchException",
    "NoSuchExtra",
    "PlanResult",
    "SlotInUse",
    "VisitWithin",
    "add_exception",
    "add_extra",
    "apply_plans",
    "change_week",
    "extend",
    "get_week",
    "list_exceptions",
    "list_extras",
    "list_planned",
    "list_visits_to_move",
    "preview_exception",
    "read_hours",
    "remove_exception",
    "withdraw_extra",
    "write_hours",
]
