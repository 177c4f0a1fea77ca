"""Sends analysts' mails one by one, of dashboards and alerts, until each is accepted.

For the background: a mail is claimed in one transaction, handed to the mail server
outside any, and settled in another. So nobody who stops, deletes or leaves a
subscription waits for a mail server.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, defer

from db.models.user import User
from db.models.view import AnalystMail, CountAlert, DashboardSubscription
from services.analytics.subscriptions.cancelling import SUBJECT
from services.analytics.subscriptions.eligible_recipients import (
    content_of,
    find_eligible,
    may_count,
)
from services.analytics.subscriptions.model import CancelReason, StopReason
from services.core import audit
from services.core.audit import Action, Outcome
from services.messaging.mail import CLAIMED, Email, PdfAttachment
from services.people.accounts import actor_of

# How long to wait after each failed attempt; after the last one a mail is given up. A
# mail server may be away for a night.
_PAUSES: Final = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 480))
_ALERT: Final = "watch"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedMail:
    """A mail that one worker is to send; without an `email` it is not sent.

    `attempt` counts from 1, and distinguishes a claim from a later one.
    """

    id: UUID
    subscription_id: UUID | None
    alert_id: UUID | None
    owner_id: UUID
    user_id: UUID
    attempt: int
    email: Email | None


def claim_next(
    session: Session, *, sends_dashboards: bool = True, watches_counts: bool = True
) -> ClaimedMail | None:
    """Take the mail that has been due longest; None if none is due.

    It is due again in a quarter of an hour unless it is settled: if a worker dies
    between the two, the recipient may get it twice, rather than never. If the recipient
    may not have it at present, it is dropped, which is recorded; what is switched off
    waits. The caller commits before the mail is sent.
    """
    due = AnalystMail.send_at <= func.now()
    if not sends_dashboards:
        due &= AnalystMail.subscription_id.is_(None)
    if not watches_counts:
        due &= AnalystMail.alert_id.is_(None)
    passed_over: list[UUID] = []
    while (ids := _find(session, due, passed_over)) is not None:
        mail_id, subscription_id = ids
        # Locked before its mails, as by whoever stops or deletes it. Locked rows are
        # skipped here: what somebody is changing now is sent a minute later.
        subscription = _lock(session, subscription_id, skip_locked=True)
        mail = session.scalars(
            select(AnalystMail)
            .where(AnalystMail.id == mail_id, due)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        ).one_or_none()
        if mail is not None and (subscription is None) is (subscription_id is None):
            return _claim(session, mail, subscription)
        passed_over.append(mail_id)
    return None


def settle(session: Session, claimed: ClaimedMail, *, is_sent: bool) -> None:
    """Keep whether the mail server has accepted a claimed mail; the caller commits.

    This is recorded in any case, even if the mail was stopped or deleted while it was
    on its way.
    """
    subscription = _lock(session, claimed.subscription_id)
    mail = session.scalars(
        select(AnalystMail)
        .where(AnalystMail.id == claimed.id, AnalystMail.attempts == claimed.attempt)
        .options(defer(AnalystMail.paper))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if mail is not None:
        if is_sent or claimed.attempt > len(_PAUSES):
            _end(session, mail, subscription, sent=is_sent, failed=not is_sent)
        else:
            later: Any = func.now() + _PAUSES[claimed.attempt - 1]
            mail.send_at = later
    details = {"attempt": claimed.attempt}
    _record(session, claimed, "done" if is_sent else "failed", details)


def _find(
    session: Session, due: ColumnElement[bool], passed_over: list[UUID]
) -> tuple[UUID, UUID | None] | None:
    row = session.execute(
        select(AnalystMail.id, AnalystMail.subscription_id)
        .where(due, AnalystMail.id.not_in(passed_over))
        .order_by(AnalystMail.send_at, AnalystMail.id)
        .limit(1)
    ).one_or_none()
    return None if row is None else (row.id, row.subscription_id)


def _lock(
    session: Session, subscription_id: UUID | None, *, skip_locked: bool = False
) -> DashboardSubscription | None:
    """Return the current row of a subscription, locked; None if there is none."""
    if subscription_id is None:
        return None
    return session.scalars(
        select(DashboardSubscription)
        .where(DashboardSubscription.id == subscription_id)
        .with_for_update(skip_locked=skip_locked)
        .execution_options(populate_existing=True)
    ).one_or_none()


def _claim(
    session: Session, mail: AnalystMail, subscription: DashboardSubscription | None
) -> ClaimedMail:
    if subscription is None:
        owner_id = session.get_one(CountAlert, mail.alert_id).owner_id
    else:
        owner_id = subscription.owner_id
    because = _find_cancel_reason(session, mail, subscription)
    # A worker that died after the last attempt has not settled it.
    is_given_up = because is None and mail.attempts > len(_PAUSES)
    email = None
    if because is None and not is_given_up:
        attachment = PdfAttachment(mail.filename, mail.paper) if mail.paper else None
        to = session.get_one(User, mail.user_id).email or ""
        email = Email(to, mail.subject, mail.body, attachment)
        until: Any = func.now() + CLAIMED
        mail.attempts, mail.send_at = mail.attempts + 1, until
    claimed = ClaimedMail(
        id=mail.id,
        subscription_id=mail.subscription_id,
        alert_id=mail.alert_id,
        owner_id=owner_id,
        user_id=mail.user_id,
        attempt=mail.attempts,
        email=email,
    )
    if because is not None:
        _end(session, mail, subscription)
        _record(session, claimed, "refused", {"because": because.value})
    elif is_given_up:
        _end(session, mail, subscription, failed=True)
        _record(session, claimed, "failed", {"attempt": mail.attempts})
    return claimed


def _find_cancel_reason(
    session: Session, mail: AnalystMail, subscription: DashboardSubscription | None
) -> CancelReason | None:
    """Return why somebody may no longer have a mail; None if they may."""
    if subscription is None:
        return None if _counts(session, mail.user_id) else CancelReason.OWNER
    if subscription.stopped_because == StopReason.PERSON.value:
        return CancelReason.STOPPED
    if mail.user_id not in subscription.recipients:
        return CancelReason.LEFT
    people = (subscription.owner_id, mail.user_id)
    allowed = find_eligible(session, content_of(subscription), people)
    # It was counted in the owner's name: without the owner nobody answers for who gets
    # it.
    if subscription.owner_id not in allowed:
        # The owner may count but not open it: it was deleted, or is no longer shared.
        is_for_dashboard = _counts(session, subscription.owner_id)
        return CancelReason.DASHBOARD if is_for_dashboard else CancelReason.OWNER
    return None if mail.user_id in allowed else CancelReason.RECIPIENT


def _counts(session: Session, user_id: UUID) -> bool:
    counts = select(User.id).where(User.id == user_id, may_count())
    return session.scalar(counts) is not None


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
    claimed: ClaimedMail,
    outcome: Outcome,
    details: Mapping[str, object],
) -> None:
    """Record the sending in the name of the owner."""
    owner = actor_of(session.get_one(User, claimed.owner_id))
    if claimed.subscription_id is None:
        action, subject = Action.COUNT_ALERT_SEND, (_ALERT, claimed.alert_id)
    else:
        action, subject = Action.SUBSCRIPTION_SEND, (SUBJECT, claimed.subscription_id)
        details = {**details, "person": str(claimed.user_id)}
    audit.record(
        session, owner, action, subject=subject, outcome=outcome, details=details
    )
