"""Actions with figures: of booking, and of cohorts."""

from datetime import UTC, datetime

from services.analytics import cohorts
from services.analytics.cohorts import Cohort, CohortEvent, EventKind
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


@prepares(Action.COHORT_COUNT)
def cohort_count(w: World) -> ActionCall:
    analyst = w.somebody(Role.ANALYST).actor
    cohort = Cohort(entry=CohortEvent(kind=EventKind.VISIT))
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    return lambda: cohorts.count(w.session, analyst, cohort, now=now, smallest_group=5)
