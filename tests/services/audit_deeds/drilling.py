"""Deeds of whoever practises disasters."""

from datetime import UTC, datetime

from services import drills
from services.audit import Action
from services.drills import DrillKind
from tests.services.audit_deeds.world import Deed, World, deed


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
