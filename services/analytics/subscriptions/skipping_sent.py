"""Mails that are out already although the rows, of an earlier time, do not know it.

For the background, after the clinic went back in time.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from db.models.view import AnalystMail, DashboardSubscription
from services.analytics.subscriptions.subscriptions import plan_of


def skip_sent_mails(
    session: Session,
    dashboards: Mapping[tuple[UUID, UUID], int],
    alerts: Collection[UUID],
    *,
    is_complete: bool,
) -> None:
    """Prevent mails that were sent after the time of the rows from being sent again.

    `dashboards` says how often a subscription's mail has reached somebody since, and
    `alerts` for which alerts a mail went out. Unless these are complete
    (`is_complete`), nothing that waits or was due is sent: rather one mail too few than
    one twice. The caller commits.
    """
    left = Counter(dashboards)
    # Without their PDFs, which are megabytes each.
    waiting = select(AnalystMail).options(defer(AnalystMail.paper, raiseload=True))
    for mail in session.scalars(waiting.order_by(AnalystMail.id)).all():
        if mail.subscription_id is not None:
            sent_to = mail.subscription_id, mail.user_id
            is_sent = left[sent_to] > 0
            left[sent_to] -= is_sent
        else:
            is_sent = mail.alert_id in alerts
        if is_sent or not is_complete:
            _delete_mail(session, mail, is_sent=is_sent)
    ran = {subscription_id for (subscription_id, _), often in left.items() if often > 0}
    due = select(DashboardSubscription).where(
        DashboardSubscription.next_at <= func.now()
    )
    now = session.scalars(select(func.now())).one()
    for row in session.scalars(due):
        if row.next_at is not None and (row.id in ran or not is_complete):
            row.next_at = plan_of(row).skip(row.next_at, now)
    session.flush()


def _delete_mail(session: Session, mail: AnalystMail, *, is_sent: bool) -> None:
    if mail.subscription_id is not None:
        row = session.get_one(DashboardSubscription, mail.subscription_id)
        row.waiting -= 1
        row.sent += is_sent
    session.delete(mail)
