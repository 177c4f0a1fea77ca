"""What happens to a notification after an attempt to send it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from db.models.booking import VisitNotification
from db.models.replication import AlertNotification

N = TypeVar("N", AlertNotification, VisitNotification)


class Claim(Protocol):
    """A notification that one worker has claimed; `until` distinguishes its claims."""

    @property
    def id(self) -> UUID:
        """The id of the notification."""

    @property
    def until(self) -> datetime:
        """When it is due again unless it is settled."""


def waits(model: type[N]) -> ColumnElement[bool]:
    """Return the condition for notifications neither sent nor given up."""
    return and_(model.sent_at.is_(None), model.given_up_at.is_(None))


def lock_claimed(session: Session, model: type[N], claimed: Claim) -> N | None:
    """Return the claimed one, locked; None if settled, deleted or another's."""
    return session.scalar(
        select(model)
        .where(waits(model), model.id == claimed.id, model.send_at == claimed.until)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def note_attempt(
    notification: AlertNotification | VisitNotification,
    pauses: Sequence[timedelta],
    *,
    is_sent: bool,
) -> None:
    """Record that a notification is sent, will be retried, or is given up.

    Its `attempts` already include this one. It waits for each of the pauses in turn.
    """
    now: Any = func.now()
    if is_sent:
        notification.sent_at = now
    elif notification.attempts > len(pauses):
        notification.given_up_at = now
    else:
        notification.send_at = now + pauses[notification.attempts - 1]
