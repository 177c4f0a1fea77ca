"""With whom a dashboard is shared: they may look, print and copy it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models.user import User
from db.postgres import assume_role
from services.analytics.dashboards import rows
from services.analytics.dashboards.model import Analyst, Dashboard
from services.core import audit
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action
from services.core.errors import InvalidInput


def share(
    session: Session,
    actor: Actor,
    dashboard_id: UUID,
    *,
    with_everybody: bool,
    people: Sequence[UUID] = (),
) -> Dashboard:
    """Let all who count cohorts open a dashboard, or some of them, or nobody.

    The caller commits. They may look, print and copy it. Raises InvalidInput for
    people who count no cohorts, NotFound, NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    row = rows.get_own(session, actor.id, dashboard_id, locks=True)
    known = {analyst.id for analyst in list_analysts(session, actor)}
    if not known.issuperset(people):
        raise InvalidInput(
            "people",
            "Somebody you chose may not count cohorts any more. Choose again.",
        )
    row.is_shared = with_everybody
    row.shared_with = sorted(set(people))
    rows.touch(row)
    session.flush()
    session.refresh(row)
    people_ids = [str(each) for each in row.shared_with]
    shared = {"with_everybody": with_everybody, "people": people_ids}
    subject = ("dashboard", row.id)
    audit.record(
        session, actor, Action.DASHBOARD_SHARE, subject=subject, details=shared
    )
    return rows.dashboard_of(row)


def list_analysts(session: Session, actor: Actor) -> tuple[Analyst, ...]:
    """Return the others who count cohorts, by name; raises NotAllowed."""
    actor.require(Permission.COUNT_COHORTS)
    # Analysts see no other account; names of those at work are no secret among them.
    with assume_role(session, "system"):
        analysts = session.execute(
            select(User.id, User.name)
            .where(
                User.role == Role.ANALYST,
                User.deactivated_at.is_(None),
                User.id != actor.id,
            )
            .order_by(func.lower(User.name), User.id)
        ).all()
    return tuple(Analyst(*each) for each in analysts)


def record_print(session: Session, actor: Actor, dashboard_id: UUID | None) -> None:
    """Write down that a dashboard was printed; None is one that comes with the app.

    Raises NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    subject = None if dashboard_id is None else ("dashboard", dashboard_id)
    audit.record(session, actor, Action.DASHBOARD_PRINT, subject=subject)
