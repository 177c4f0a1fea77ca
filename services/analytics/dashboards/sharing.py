"""With whom a dashboard is shared: these people may look at, print and copy it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from services.analytics import analysts
from services.analytics.dashboards import rows
from services.analytics.dashboards.model import Dashboard
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action


def share(
    session: Session,
    actor: Actor,
    dashboard_id: UUID,
    *,
    with_everybody: bool,
    people: Sequence[UUID] = (),
    seen: Dashboard | None = None,
) -> Dashboard:
    """Share a dashboard with all who count cohorts, with some of them, or with nobody.

    The caller commits. They may look at, print and copy it. `seen` is the dashboard
    that the actor has seen, if its readers must not have changed since. Raises
    InvalidInput for people who count no cohorts, SharingChanged, NotFound, NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    row = rows.get_own(session, actor.id, dashboard_id, locks=True)
    if seen:
        analysts.require_readers(row, (seen.is_shared, seen.shared_with))
    analysts.require_analysts(session, actor, people)
    row.is_shared = with_everybody
    row.shared_with = sorted(set(people))
    rows.mark_changed(row)
    session.flush()
    session.refresh(row)
    people_ids = [str(each) for each in row.shared_with]
    shared = {"with_everybody": with_everybody, "people": people_ids}
    subject = ("dashboard", row.id)
    audit.record(
        session, actor, Action.DASHBOARD_SHARE, subject=subject, details=shared
    )
    return rows.dashboard_of(row)


def record_print(session: Session, actor: Actor, dashboard_id: UUID | None) -> None:
    """Record that a dashboard was printed; None is one that comes with the app.

    Raises NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    subject = None if dashboard_id is None else ("dashboard", dashboard_id)
    audit.record(session, actor, Action.DASHBOARD_PRINT, subject=subject)
