"""Who may be sent something: analysts who may open it, and have an address."""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, any_, func, or_, select
from sqlalchemy.orm import Session

from db.models.user import User
from db.models.view import DashboardRow, DashboardSubscription, SavedView
from db.postgres import assume_role
from services.analytics import dashboards
from services.analytics.cohorts import COHORTS
from services.analytics.dashboards import BUILT_IN, DashboardDraft
from services.analytics.dashboards.storing import read_cards, read_filter
from services.analytics.subscriptions.contents import Content, SavedList, SavedQuestion
from services.core.actors import Actor, Permission, Role
from services.core.errors import NotFound
from services.patients.search.fields import PATIENTS

# What is sent are numbers of patients, which lists of documents do not have.
_SENDABLE_SUBJECTS: Final = frozenset({PATIENTS.name, COHORTS.name})


def list_eligible_recipients(
    session: Session, actor: Actor, content: Content
) -> Mapping[UUID, str]:
    """Return the names of those to whom the actor may have something sent, in order.

    Raises NotFound for what the actor may not open, and NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    if isinstance(content, UUID):
        dashboards.get_dashboard(session, actor, content)
    elif isinstance(content, SavedList):
        _require_own(session, actor, content)
    # Analysts see no other account; the names of active analysts are no secret among
    # them.
    with assume_role(session, "system"):
        rows = session.execute(
            select(User.id, User.name)
            .where(is_eligible(content))
            .order_by(func.lower(User.name), User.id)
        ).all()
    return {user_id: name for user_id, name in rows}  # noqa: C416 - of rows


def may_count() -> ColumnElement[bool]:
    """Return the condition that a person counts cohorts and can be written to."""
    return and_(
        User.role == Role.ANALYST.value,
        User.deactivated_at.is_(None),
        User.email.is_not(None),
    )


def is_eligible(content: Content) -> ColumnElement[bool]:
    """Return the condition that a person may be sent something now.

    For the background's role. A deleted list may be sent to nobody.
    """
    if isinstance(content, str):
        return may_count()
    if isinstance(content, SavedList):
        is_kept = select(SavedView.id).where(
            SavedView.id == content.view_id, SavedView.subject.in_(_SENDABLE_SUBJECTS)
        )
        return and_(may_count(), is_kept.exists())
    is_shown = (
        select(DashboardRow.id)
        .where(
            DashboardRow.id == content,
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


def find_eligible(
    session: Session, content: Content, people: Collection[UUID]
) -> frozenset[UUID]:
    """Return which of these people may be sent something now.

    For the background's role.
    """
    readers = select(User.id).where(User.id.in_(people), is_eligible(content))
    return frozenset(session.scalars(readers))


def content_of(row: DashboardSubscription) -> Content:
    """Return what a subscription sends."""
    if row.view_id is not None:
        return SavedList(row.view_id)
    return row.dashboard_id or row.ready or ""


def find_draft(
    session: Session, content: Content
) -> DashboardDraft | SavedQuestion | None:
    """Return what is sent as it is now, None if it is gone; for the background's role.

    Raises UnreadableDashboard.
    """
    if isinstance(content, str):
        return BUILT_IN.get(content)
    if isinstance(content, SavedList):
        view = session.get(SavedView, content.view_id)
        if view is None or view.subject not in _SENDABLE_SUBJECTS:
            return None
        is_cohort = view.subject == COHORTS.name
        return SavedQuestion(name=view.name, key=view.criteria_key, is_cohort=is_cohort)
    row = session.get(DashboardRow, content)
    if row is None or row.is_home:
        return None
    return DashboardDraft(
        name=row.name,
        description=row.description,
        filter=read_filter(row.shown),
        cards=read_cards(row.cards),
    )


def _require_own(session: Session, actor: Actor, content: SavedList) -> None:
    view = session.get(SavedView, content.view_id)
    if (
        view is None
        or view.owner_id != actor.id
        or view.subject not in _SENDABLE_SUBJECTS
    ):
        raise NotFound("You have no such view; it may have been deleted elsewhere.")
