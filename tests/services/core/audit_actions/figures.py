"""Actions on figures: of booking, of cohorts, in SQL, and on dashboards."""

from datetime import UTC, datetime
from uuid import UUID

from services.analytics import cohorts, dashboards, queries, shared_questions
from services.analytics.cohorts import Cohort, CohortEvent, EventKind
from services.analytics.dashboards import DashboardDraft
from services.analytics.dashboards.sharing import record_print, share
from services.core.actors import Actor, Role
from services.core.audit import Action
from services.lists import views
from services.visits.figures import statistics
from services.visits.figures.statistics import Period
from tests.services.core.audit_actions.world import TODAY, ActionCall, World, prepares


@prepares(Action.STATISTICS_READ)
def statistics_read(w: World) -> ActionCall:
    admin = w.somebody(Role.ADMIN).actor
    period = Period(TODAY, TODAY)
    return lambda: statistics.record_access(w.session, admin, period)


@prepares(Action.COHORT_COUNT)
def cohort_count(w: World) -> ActionCall:
    analyst = w.somebody(Role.ANALYST).actor
    cohort = Cohort(entry=CohortEvent(kind=EventKind.VISIT))
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    return lambda: cohorts.count(w.session, analyst, cohort, now=now, smallest_group=5)


@prepares(Action.QUERY_RUN)
def query_run(w: World) -> ActionCall:
    analyst = w.somebody(Role.ANALYST).actor
    query = queries.parse("SELECT count(*) FROM visits")
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    return lambda: queries.count(w.session, analyst, query, now=now, smallest_group=5)


@prepares(Action.VIEW_SHARE)
def view_share(w: World) -> ActionCall:
    analyst = w.somebody(Role.ANALYST).actor
    query = queries.parse("SELECT count(*) FROM visits")
    key = queries.remember(w.session, analyst, query)
    subject = queries.QUERIES
    view = views.save_view(w.session, analyst, "Visits", key, subject=subject)
    given = (w.session, analyst, view.id)
    return lambda: shared_questions.share(*given, with_everybody=True)


def _dashboard(w: World) -> tuple[Actor, UUID, int]:
    analyst = w.somebody(Role.ANALYST).actor
    made = dashboards.create(w.session, analyst, DashboardDraft(name="Visits"))
    return analyst, made.id, made.version


@prepares(Action.DASHBOARD_SAVE)
def dashboard_save(w: World) -> ActionCall:
    analyst = w.somebody(Role.ANALYST).actor
    draft = DashboardDraft(name="Visits")
    return lambda: dashboards.create(w.session, analyst, draft)


@prepares(Action.DASHBOARD_CHANGE)
def dashboard_change(w: World) -> ActionCall:
    analyst, dashboard_id, version = _dashboard(w)
    draft = DashboardDraft(name="No-shows")
    given = (w.session, analyst, dashboard_id, draft)
    return lambda: dashboards.change(*given, version=version)


@prepares(Action.DASHBOARD_SHARE)
def dashboard_share(w: World) -> ActionCall:
    analyst, dashboard_id, _version = _dashboard(w)
    return lambda: share(w.session, analyst, dashboard_id, with_everybody=True)


@prepares(Action.DASHBOARD_DELETE)
def dashboard_delete(w: World) -> ActionCall:
    analyst, dashboard_id, _version = _dashboard(w)
    return lambda: dashboards.delete(w.session, analyst, dashboard_id)


@prepares(Action.DASHBOARD_PRINT)
def dashboard_print(w: World) -> ActionCall:
    analyst, dashboard_id, _version = _dashboard(w)
    return lambda: record_print(w.session, analyst, dashboard_id)
