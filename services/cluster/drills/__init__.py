"""Drills: the disasters that are practised, how they went, and when the next is due."""

from services.cluster.drills.journal import (
    DrillRunning,
    begin,
    close_abandoned,
    finish,
    forget_writes,
    get_drill,
    give_up,
    list_drills,
    list_writes,
    touch,
)
from services.cluster.drills.kinds import (
    DOCUMENT_PROMISE,
    PROMISES,
    SCENARIOS,
    DrillKind,
    Promise,
    Scenario,
)
from services.cluster.drills.plans import change_plan, list_plans
from services.cluster.drills.policy import (
    DrillMeasurements,
    DrillState,
    DrillVerdict,
    judge,
)
from services.cluster.drills.records import DrillRecord, Plan
from services.cluster.drills.reminding import remind

__all__ = [
    "DOCUMENT_PROMISE",
    "PROMISES",
    "SCENARIOS",
    "DrillKind",
    "DrillMeasurements",
    "DrillRecord",
    "DrillRunning",
    "DrillState",
    "DrillVerdict",
    "Plan",
    "Promise",
    "Scenario",
    "begin",
    "change_plan",
    "close_abandoned",
    "finish",
    "forget_writes",
    "get_drill",
    "give_up",
    "judge",
    "list_drills",
    "list_plans",
    "list_writes",
    "remind",
    "touch",
]
