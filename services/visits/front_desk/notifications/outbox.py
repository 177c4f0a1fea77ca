"""The outbox: every notification that was written, and whether it was sent."""

from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models.booking import VisitNotification
from db.postgres import assume_role
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.visits.front_desk.notifications.records import (
    NotificationKind,
    NotificationRecord,
    OutboxSummary,
)
from services.visits.front_desk.notifications.wording import SenderDetails, filled

_MOST_SHOWN: Final = 50


def read_outbox(session: Session, actor: Actor, sender: SenderDetails) -> OutboxSummary:
    """Return the state of the notifications and the newest; raises NotAllowed."""
    actor.require(Permission.VIEW_OUTBOX)
    sent, given_up, whole = session.execute(
        select(
            func.count(VisitNotification.sent_at),
            func.count(VisitNotification.given_up_at),
            func.count(VisitNotification.id),
        )
    ).one()
    # PostgreSQL shows administrators no address: it is masked before it leaves.
    with assume_role(session, "system"):
        rows = session.scalars(
            select(VisitNotification)
            .order_by(VisitNotification.created_at.desc(), VisitNotification.id.desc())
            .limit(_MOST_SHOWN)
        ).all()
    newest = tuple(_record_of(row, sender) for row in rows)
    audit.record(
        session,
        actor,
        Action.NOTIFICATION_READ,
        details={"letters": [o.id for o in newest]},
    )
    return OutboxSummary(whole - sent - given_up, sent, given_up, newest)


def masked(address: str) -> str:
    """Return an e-mail address with most of its name hidden.

    Whoever runs the system sees that e-mails are sent, not who the patients are.
    """
    name, _, host = address.rpartition("@")
    return f"{name[:1]}…@{host}"


def _record_of(row: VisitNotification, sender: SenderDetails) -> NotificationRecord:
    values: dict[str, Any] = {
        "id": row.id,
        "kind": NotificationKind(row.kind),
        "to": masked(row.to_address),
        "subject": filled(row.subject, sender),
        "text": filled(row.body, sender),
        "created_at": row.created_at,
        "send_at": row.send_at,
        "attempts": row.attempts,
        "sent_at": row.sent_at,
        "given_up_at": row.given_up_at,
    }
    return NotificationRecord(**values)
