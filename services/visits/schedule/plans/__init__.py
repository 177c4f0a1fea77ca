"""When doctors work: weekly plans, exceptions to them, and the slots made of both."""

from services.visits.schedule.plans.days import (
    Chosen as Chosen,
    open_stretches as open_stretches,
    part_of_day as part_of_day,
    read_day as read_day,
    visits_of_day as visits_of_day,
)
from services.visits.schedule.plans.exceptions import (
    add_exception as add_exception,
    list_exceptions as list_exceptions,
    preview_exception as preview_exception,
    remove_exception as remove_exception,
)
from services.visits.schedule.plans.extras import (
    add_extra as add_extra,
    list_extras as list_extras,
    withdraw_extra as withdraw_extra,
)
from services.visits.schedule.plans.planning import (
    apply_plans as apply_plans,
    extend as extend,
    list_planned as list_planned,
)
from services.visits.schedule.plans.records import (
    HORIZON as HORIZON,
    Calendar as Calendar,
    ExceptionDraft as ExceptionDraft,
    ExceptionKind as ExceptionKind,
    ExceptionRecord as ExceptionRecord,
    Hours as Hours,
    HoursKind as HoursKind,
    PlanResult as PlanResult,
    VisitToMove as VisitToMove,
)
from services.visits.schedule.plans.visits import (
    list_visits_to_move as list_visits_to_move,
)
