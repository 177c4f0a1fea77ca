"""Who may be sent a dashboard: analysts who may open it, and have an address."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import ColumnElement, and_, any_, func, or_, select
from sqlalchemy.orm import Session

from db.models.user import User
from db.models.view import DashboardRow, DashboardSubscription
from db.postgres import assume_role
from services.analytics import dashboards
from services.analytics.dashboards import READY, DashboardDraft
from services.analytics.dashboards.storing import read_cards, read_filter
from services.core.actors import Actor, Permission, Role


def list_readers(
    session: Session, actor: Actor, dashboard: UUID | str
) -> Mapping[UUID, str]:
    """Return the names of those to whom the actor may have a dashboard sent, in order.

    Raises NotFound for one that they may not open themselves, and NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    if isinstance(dashboard, UUID):
        dashboards.get_dashboard(session, actor, dashboard)
    # Analysts see no other account; names of those at work are no secret among them.
    with assume_role(session, "system"):
        found = session.execute(
            select(User.id, User.name)
            .where(is_reader(dashboard))
            .order_by(func.lower(User.name), User.id)
        ).all()
    return {user_id: name for user_id, name in found}  # noqa: C416 - of rows


def may_count() -> ColumnElement[bool]:
    """Return which people count cohorts and can be written to."""
    return and_(
        User.role == Role.ANALYST.value,
        User.deactivated_at.is_(None),
        User.email.is_not(None),
    )


def is_reader(dashboard: UUID | str) -> ColumnElement[bool]:
    """Return which people may be sent a dashboard now; for the background's role."""
    if not isinstance(dashboard, UUID):
        return may_count()
    is_shown = (
        select(DashboardRow.id)
        .where(
            DashboardRow.id == dashboard,
            ~DashboardRow.is_home,
            or_(
                DashboardRow.owner_id == User.id,
                DashboardRow.is_shared,
                User.id == any_(DashboardRow.shared_with),
            ),
        )
        .exists()
    )
    return and_(may_count(), is_shown)


def readers_among(
    session: Session, dashboard: UUID | str, people: Collection[UUID]
) -> frozenset[UUID]:
    """Return those of some people who may be sent a dashboard now.

    For the background's role.
    """
    asked = select(User.id).where(User.id.in_(people), is_reader(dashboard))
    return frozenset(session.scalars(asked))


def dashboard_of(row: DashboardSubscription) -> UUID | str:
    """Return which dashboard a subscription is of."""
    return row.dashboard_id or row.ready or ""


def find_draft(session: Session, dashboard: UUID | str) -> DashboardDraft | None:
    """Return a dashboard as it is now, None if it is gone; for the background's role.

    Raises UnreadableDashboard.
    """
    if not isinstance(dashboard, UUID):
        return READY.get(dashboard)
    row = session.get(DashboardRow, dashboard)
    if row is None or row.is_home:
        return None
    return DashboardDraft(
        name=row.name,
        description=row.description,
        shown=read_filter(row.shown),
        cards=read_cards(row.cards),
    )
