"""Actions with the figures of booking."""

from services.core.actors import Role
from services.core.audit import Action
from services.visits.figures import statistics
from services.visits.figures.statistics import Period
from tests.services.core.audit_actions.world import TODAY, ActionCall, World, prepares


@prepares(Action.STATISTICS_READ)
def statistics_read(w: World) -> ActionCall:
    admin = w.somebody(Role.ADMIN).actor
    period = Period(TODAY, TODAY)
    return lambda: statistics.record_look(w.session, admin, period)
