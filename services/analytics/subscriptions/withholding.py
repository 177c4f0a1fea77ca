"""Mails that wait and are not to be sent any more, with a word in the audit log."""

from typing import Final
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from db.models.user import User
from db.models.view import AnalystMail, DashboardSubscription
from db.postgres import assume_role
from services.analytics.subscriptions.model import WithheldReason
from services.core import audit
from services.core.audit import Action
from services.people.accounts import actor_of

SUBJECT: Final = "subscription"


def withhold(
    session: Session,
    row: DashboardSubscription,
    because: WithheldReason,
    *,
    person_id: UUID | None = None,
) -> None:
    """Send the mails that wait no more, or those of one person; `row` is locked.

    Each is written down, as of whoever has it sent. The caller commits.
    """
    waits = AnalystMail.subscription_id == row.id
    if person_id is not None:
        waits &= AnalystMail.user_id == person_id
    # Mails are the background's alone.
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
                details={"person": str(each), "because": because.value},
            )
        session.flush()
