"""Sends analysts' mails one by one, dashboards and alerts, each until it is taken."""

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models.user import User
from db.models.view import AnalystMail, CountAlert, DashboardSubscription
from services.analytics.subscriptions.keeping import SUBJECT
from services.analytics.subscriptions.model import StopReason
from services.analytics.subscriptions.readers import (
    dashboard_of,
    may_count,
    readers_among,
)
from services.core import audit
from services.core.audit import Action
from services.messaging.mail import Email, Mailer, MailNotSent, PdfAttachment
from services.people.accounts import actor_of

# How long to wait after each attempt that failed; after the last one is given up. A
# mail server may be away for a night.
_PAUSES: Final = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 480))
_ALERT: Final = "watch"


def send_next(
    session: Session,
    mailer: Mailer,
    *,
    sends_dashboards: bool = True,
    watches_counts: bool = True,
) -> bool | None:
    """Send the mail that is due for longest; for the background.

    Returns whether the mail server took it, None when none is due. Whoever may not have
    it at this moment gets none, and what is switched off waits. The caller commits
    right then: a mail whose commit is lost goes out once more, rather than never.
    """
    due = select(AnalystMail).where(AnalystMail.send_at <= func.now())
    if not sends_dashboards:
        due = due.where(AnalystMail.subscription_id.is_(None))
    if not watches_counts:
        due = due.where(AnalystMail.alert_id.is_(None))
    mail = session.scalars(
        due.order_by(AnalystMail.send_at, AnalystMail.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if mail is None:
        return None
    subscription = None
    if mail.subscription_id is not None:
        subscription = session.get_one(
            DashboardSubscription, mail.subscription_id, with_for_update=True
        )
    to = _address(session, mail, subscription)
    if to is None:
        # Nobody was kept from what they may have: it is as if it had not been due.
        _end(session, mail, subscription)
        return True
    is_sent = _is_taken(mailer, mail, to)
    mail.attempts += 1
    attempt = mail.attempts
    if is_sent or attempt > len(_PAUSES):
        _end(session, mail, subscription, sent=is_sent, failed=not is_sent)
    else:
        later: Any = func.now() + _PAUSES[attempt - 1]
        mail.send_at = later
    _record(session, mail, subscription, attempt, is_sent=is_sent)
    return is_sent


def _address(
    session: Session, mail: AnalystMail, subscription: DashboardSubscription | None
) -> str | None:
    """Return where somebody is written to, None if they are not to have it any more."""
    if subscription is None:
        owner = select(User.email).where(User.id == mail.user_id, may_count())
        return session.scalar(owner)
    if subscription.stopped_because == StopReason.PERSON.value:
        return None
    if mail.user_id not in subscription.recipients:
        return None
    if not readers_among(session, dashboard_of(subscription), [mail.user_id]):
        return None
    return session.get_one(User, mail.user_id).email


def _is_taken(mailer: Mailer, mail: AnalystMail, to: str) -> bool:
    attachment = PdfAttachment(mail.filename, mail.paper) if mail.paper else None
    try:
        mailer.send(Email(to, mail.subject, mail.body, attachment))
    except MailNotSent:
        return False
    return True


def _end(
    session: Session,
    mail: AnalystMail,
    subscription: DashboardSubscription | None,
    *,
    sent: bool = False,
    failed: bool = False,
) -> None:
    if subscription is not None:
        subscription.waiting -= 1
        subscription.sent += sent
        subscription.failed += failed
    session.delete(mail)


def _record(
    session: Session,
    mail: AnalystMail,
    subscription: DashboardSubscription | None,
    attempt: int,
    *,
    is_sent: bool,
) -> None:
    """Write it down as done by whoever has it sent."""
    details: dict[str, Any] = {"attempt": attempt}
    if subscription is None:
        alert = session.get_one(CountAlert, mail.alert_id)
        owner, action = alert.owner_id, Action.COUNT_ALERT_SEND
        subject = (_ALERT, alert.id)
    else:
        owner, action = subscription.owner_id, Action.SUBSCRIPTION_SEND
        subject = (SUBJECT, subscription.id)
        details["person"] = str(mail.user_id)
    audit.record(
        session,
        actor_of(session.get_one(User, owner)),
        action,
        subject=subject,
        outcome="done" if is_sent else "failed",
        details=details,
    )
