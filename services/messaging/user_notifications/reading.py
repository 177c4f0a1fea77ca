"""A person's own notifications: listed, counted and marked as read."""

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, func, literal, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.models.user import UserNotification
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.messaging.user_notifications.records import (
    NotificationTopic,
    UserNotificationRecord,
)

MOST_LISTED: Final = 200
# A newer release may have written topics that this one has no text and no page for:
# they are neither listed nor marked until it reads them itself.
_IS_KNOWN: Final = UserNotification.topic.in_(
    [topic.value for topic in NotificationTopic]
)
# Larger numbers are not distinguished: the bell shows "99+".
_MOST_COUNTED: Final = 100
_COLUMNS: Final = (
    UserNotification.id,
    UserNotification.topic,
    UserNotification.subject_id,
    UserNotification.detail,
    UserNotification.created_at,
    UserNotification.read_at,
)


def list_own(
    session: Session, actor: Actor, *, unread_only: bool = False, limit: int = 50
) -> tuple[UserNotificationRecord, ...]:
    """Return the actor's notifications, the newest first; raises NotAllowed.

    They reveal nothing about anybody else, so nothing is recorded.
    """
    actor.require(Permission.READ_NOTIFICATIONS)
    newest = (
        select(*_COLUMNS)
        .where(UserNotification.user_id == actor.id, _IS_KNOWN)
        .order_by(UserNotification.created_at.desc(), UserNotification.id.desc())
        .limit(min(limit, MOST_LISTED))
    )
    if unread_only:
        newest = newest.where(UserNotification.read_at.is_(None))
    return tuple(_record_of(*row) for row in session.execute(newest))


def mark_read(
    session: Session, actor: Actor, ids: Collection[UUID] | None = None
) -> int:
    """Mark the actor's notifications as read, all without `ids`; return how many.

    The caller commits. Those that are somebody else's, or read already, stay as they
    are. Raises NotAllowed.
    """
    actor.require(Permission.READ_NOTIFICATIONS)
    wanted: list[ColumnElement[bool]] = [
        UserNotification.user_id == actor.id,
        UserNotification.read_at.is_(None),
        _IS_KNOWN,
    ]
    if ids is not None:
        wanted.append(UserNotification.id.in_(ids))
    marked = session.scalars(
        update(UserNotification)
        .where(*wanted)
        .values(read_at=func.now())
        .returning(UserNotification.id)
        .execution_options(synchronize_session=False)
    ).all()
    if marked:
        audit.record(
            session,
            actor,
            Action.USER_NOTIFICATION_MARK,
            details={"notifications": sorted(marked)},
        )
    return len(marked)


def count_unread_of(user_id: InstrumentedAttribute[UUID]) -> ScalarSelect[int]:
    """Return the number of unread ones of a query's person, a hundred at most.

    A subquery, so that looking up a sign-in includes it in the same statement.
    """
    few = (
        select(literal(1))
        .where(
            UserNotification.user_id == user_id,
            UserNotification.read_at.is_(None),
            # Topics are hidden from the role that looks up a sign-in: all are counted.
        )
        .correlate(user_id.class_)
        .limit(_MOST_COUNTED)
        .subquery()
    )
    return select(func.count()).select_from(few).scalar_subquery()


def _record_of(id_: UUID, topic: str, *values: Any) -> UserNotificationRecord:
    return UserNotificationRecord(id_, NotificationTopic(topic), *values)
