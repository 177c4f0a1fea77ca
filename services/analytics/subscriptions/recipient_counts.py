"""Counts who gets something by e-mail, for whoever is about to delete it."""

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from db.models.view import DashboardRow, DashboardSubscription
from db.postgres import assume_role
from services.analytics.subscriptions.contents import Content, SavedList
from services.core.actors import Actor, Permission


def count_recipients(session: Session, actor: Actor, content: Content) -> int:
    """Count the people to whom the actor's own dashboard or list is sent regularly.

    Colleagues with whom a dashboard is shared may send it as well; whom they send
    dashboards of other people is not counted. Raises NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    row = DashboardSubscription
    match content:
        case SavedList(view_id):
            is_about = row.view_id == view_id
        case str():
            is_about = row.ready == content
        case _:
            is_about = row.dashboard_id == content
    is_of_own_dashboard = exists().where(
        DashboardRow.id == row.dashboard_id, DashboardRow.owner_id == actor.id
    )
    sent = (
        select(row.recipients)
        .where(is_about, row.next_at.is_not(None))
        .where(or_(row.owner_id == actor.id, is_of_own_dashboard))
    )
    # Subscriptions of colleagues are not the actor's to see; how many people lose
    # something by a deletion is.
    with assume_role(session, "system"):
        return len({person for people in session.scalars(sent) for person in people})
