"""Drills: the disasters that are practised, how they went, and when one is next due."""

from services.cluster.drills.journal import (
    DrillRunning as DrillRunning,
    begin as begin,
    close_abandoned as close_abandoned,
    finish as finish,
    forget_writes as forget_writes,
    give_up as give_up,
    list_drills as list_drills,
    list_writes as list_writes,
    note_server as note_server,
    touch as touch,
)
from services.cluster.drills.launching import (
    launch as launch,
    output_of as output_of,
    require_control as require_control,
)
from services.cluster.drills.plans import (
    change_plan as change_plan,
    list_plans as list_plans,
)
from services.cluster.drills.policy import (
    DrillMeasurements as DrillMeasurements,
    DrillVerdict as DrillVerdict,
    judge as judge,
)
from services.cluster.drills.records import DrillRecord as DrillRecord, Plan as Plan
from services.cluster.drills.reminding import remind as remind
