"""Actions of those who practise disasters."""

from datetime import UTC, datetime

from services.cluster import drills
from services.cluster.drill_kinds import DrillKind
from services.core.audit import Action
from tests.services.core.audit_actions.world import ActionCall, World, prepares


@prepares(Action.DRILL_RUN)
def drill_run(w: World) -> ActionCall:
    boss = w.boss
    given = (w.session, boss.actor, DrillKind.CRASH)
    return lambda: drills.begin(*given, **boss.fresh)


@prepares(Action.DRILL_PLAN)
def drill_plan(w: World) -> ActionCall:
    today = datetime.now(UTC).date()
    given = (w.session, w.boss.actor, DrillKind.CRASH, 30, today)
    return lambda: drills.change_plan(*given)
