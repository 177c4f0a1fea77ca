"""Writes notifications, in the transaction they are about; callers commit.

For services and the background: nothing here checks a permission.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Uuid,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.orm import Session

from db.models.user import User, UserNotification
from db.postgres import assume_role
from services.core.actors import Role
from services.messaging.user_notifications.records import NotificationTopic

KEPT: Final = timedelta(days=90)
ADMINISTRATORS: Final[ColumnElement[bool]] = User.role == Role.ADMIN.value
# Notifications within a quarter of an hour make one e-mail, and whoever has read them
# by then gets none.
_UNTIL_MAIL: Final = timedelta(minutes=15)
_BY_MAIL: Final = frozenset({NotificationTopic.DOCUMENT, NotificationTopic.SHARED})
# Nobody reads the notifications of a program.
_IS_PROGRAM: Final = and_(User.email.is_(None), User.patient_id.is_(None))
_LONGEST: Final = 500
_MOST_MAILED: Final = 200


def tell(
    session: Session,
    topic: NotificationTopic,
    people: ColumnElement[bool],
    *,
    subject_id: UUID,
    detail: str = "",
) -> None:
    """Notify the users who meet the condition, once about each subject."""
    is_by_mail = topic in _BY_MAIL
    mail_at = func.now() + _UNTIL_MAIL if is_by_mail else literal(None, DateTime(True))
    is_notified = exists().where(
        UserNotification.user_id == User.id,
        UserNotification.topic == topic.value,
        UserNotification.subject_id == subject_id,
    )
    rows = select(
        User.id,
        literal(topic.value),
        literal(subject_id, Uuid),
        literal(detail[:_LONGEST]),
        mail_at,
    ).where(people, User.deactivated_at.is_(None), ~_IS_PROGRAM, ~is_notified)
    columns = ("user_id", "topic", "subject_id", "detail", "mail_at")
    # Only the background's role can see who else there is.
    with assume_role(session, "system"):
        session.execute(insert(UserNotification).from_select(columns, rows))


def take_back(
    session: Session,
    topic: NotificationTopic,
    subject_id: UUID,
    user_ids: Collection[UUID] | None = None,
) -> None:
    """Withdraw notifications about a subject, from everybody or from these users."""
    gone = delete(UserNotification).where(
        UserNotification.topic == topic.value,
        UserNotification.subject_id == subject_id,
    )
    if user_ids is not None:
        gone = gone.where(UserNotification.user_id.in_(user_ids))
    with assume_role(session, "system"):
        session.execute(gone.execution_options(synchronize_session=False))


def take_due_to_mail(session: Session) -> frozenset[UUID]:
    """Return who is to be e-mailed now, and mark that as done.

    All that waits for a person is taken, so that it becomes one e-mail. Whoever has
    read all of it needs none.
    """
    due = (
        select(UserNotification.user_id)
        .where(UserNotification.mail_at <= func.now())
        .order_by(UserNotification.mail_at, UserNotification.id)
        .limit(_MOST_MAILED)
    )
    taken = session.execute(
        update(UserNotification)
        .where(UserNotification.user_id.in_(due), UserNotification.mail_at.is_not(None))
        .values(mail_at=None)
        .returning(UserNotification.user_id, UserNotification.read_at)
        .execution_options(synchronize_session=False)
    )
    return frozenset(row.user_id for row in taken if row.read_at is None)


def forget(session: Session) -> None:
    """Delete notifications older than KEPT, read or not."""
    session.execute(
        delete(UserNotification)
        .where(UserNotification.created_at < func.now() - KEPT)
        .execution_options(synchronize_session=False)
    )
