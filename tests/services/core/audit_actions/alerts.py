"""Actions of those who see to the database servers' alerts."""

from db.models.replication import Alert
from services.cluster import alerts
from services.cluster.alerts import AlertKind, RuleDraft
from services.core.audit import Action
from tests.services.core.audit_actions.world import ActionCall, World, prepares


@prepares(Action.ALERT_CHANGE_RULE)
def alert_change_rule(w: World) -> ActionCall:
    given = (w.session, w.boss.actor, AlertKind.LAG, RuleDraft(True, 20, 30, 2, 30))
    return lambda: alerts.change_rule(*given, revision=1)


@prepares(Action.ALERT_ACKNOWLEDGE)
def alert_acknowledge(w: World) -> ActionCall:
    boss, alert = w.boss.actor, Alert(kind="lag", node="db-02", sentence="Late.")
    w.session.add(alert)
    w.session.flush()
    return lambda: alerts.acknowledge(w.session, boss, alert.id)
