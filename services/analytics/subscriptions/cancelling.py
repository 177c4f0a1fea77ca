"""Waiting mails that are no longer to be sent: removed, and recorded in the log."""

from typing import Final
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from db.models.user import User
from db.models.view import AnalystMail, DashboardSubscription
from db.postgres import assume_role
from services.analytics.subscriptions.model import CancelReason
from services.core import audit
from services.core.audit import Action
from services.people.accounts import actor_of

SUBJECT: Final = "subscription"


def cancel_waiting_mails(
    session: Session,
    row: DashboardSubscription,
    reason: CancelReason,
    *,
    person_id: UUID | None = None,
) -> None:
    """Remove the mails that wait, or those to one person; `row` is locked.

    Each is recorded in the name of the subscription's owner. The caller commits.
    """
    waits = AnalystMail.subscription_id == row.id
    if person_id is not None:
        waits &= AnalystMail.user_id == person_id
    # Only the background has access to mails.
    with assume_role(session, "system"):
        people = session.scalars(
            delete(AnalystMail)
            .where(waits)
            .returning(AnalystMail.user_id)
            .execution_options(synchronize_session=False)
        ).all()
        if not people:
            return
        row.waiting -= len(people)
        owner = actor_of(session.get_one(User, row.owner_id))
        for each in sorted(people):
            audit.record(
                session,
                owner,
                Action.SUBSCRIPTION_SEND,
                subject=(SUBJECT, row.id),
                outcome="refused",
                details={"person": str(each), "because": reason.value},
            )
        session.flush()
