"""Deeds of whoever practises disasters."""

from datetime import UTC, datetime

from services.cluster import drills
from services.cluster.drills import DrillKind
from services.core.audit import Action
from tests.services.core.audit_deeds.world import Deed, World, deed


@deed(Action.DRILL_RUN)
def drill_run(w: World) -> Deed:
    boss = w.boss
    given = (w.session, boss.actor, DrillKind.CRASH)
    return lambda: drills.begin(*given, **boss.fresh)


@deed(Action.DRILL_PLAN)
def drill_plan(w: World) -> Deed:
    today = datetime.now(UTC).date()
    given = (w.session, w.boss.actor, DrillKind.CRASH, 30, today)
    return lambda: drills.change_plan(*given)
