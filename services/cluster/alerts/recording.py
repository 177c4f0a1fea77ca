"""Records what the judge decided, and the messages about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models.replication import Alert, AlertNotification
from services.cluster.alerts.records import AlertChange, AlertKind, RuleRevision
from services.cluster.alerts.sending import Channel, Envelope
from services.messaging import user_notifications
from services.messaging.user_notifications import NotificationTopic


@dataclass(slots=True)
class AlertNotice:
    """A change of an alert and its messages; `sent_at` has those that were sent."""

    change: AlertChange
    envelopes: tuple[Envelope, ...]
    sent_at: dict[Envelope, datetime]


def notice_of(
    change: AlertChange,
    rules: Mapping[AlertKind, RuleRevision],
    languages: Mapping[str, str] = MappingProxyType({}),
) -> AlertNotice:
    """Return the change with a message to everybody whom its rule names.

    `languages` are those of the readers, by the addresses of rules.
    """
    rule = rules.get(change.kind)
    if rule is None:
        return AlertNotice(change, (), {})
    mails = tuple(
        Envelope(Channel.MAIL, address, change, languages.get(address))
        for address in rule.mail_to
    )
    hook = rule.webhook_url
    hooks = (Envelope(Channel.WEBHOOK, hook, change),) if hook else ()
    return AlertNotice(change, mails + hooks, {})


def record(session: Session, notices: Iterable[AlertNotice]) -> None:
    """Keep the changes, in their order, and their messages; for the background.

    Another worker may have noted the same in the same outage: the first one is kept.
    """
    for notice in notices:
        alert_id = _record_change(session, notice.change)
        if alert_id is not None:
            _record_messages(session, alert_id, notice)


def _record_change(session: Session, change: AlertChange) -> UUID | None:
    """Return the id of the alert; None if another worker has recorded the change."""
    if change.what == "began":
        began = insert(Alert).values(
            id=change.alert_id,
            kind=change.kind.value,
            node=change.node,
            began_at=change.at,
            value=change.value,
            worst=change.worst,
            sentence=change.sentence,
        )
        alert_id = session.scalar(began.on_conflict_do_nothing().returning(Alert.id))
        if alert_id is not None:
            user_notifications.tell(
                session,
                NotificationTopic.ALERT,
                user_notifications.ADMINISTRATORS,
                subject_id=alert_id,
                detail=change.sentence,
            )
        return alert_id
    return session.scalar(
        update(Alert)
        .where(
            Alert.kind == change.kind.value,
            func.coalesce(Alert.node, "") == (change.node or ""),
            Alert.ended_at.is_(None),
        )
        .values(ended_at=change.at, worst=func.greatest(Alert.worst, change.worst))
        .returning(Alert.id)
    )


def _record_messages(session: Session, alert_id: UUID, notice: AlertNotice) -> None:
    rows: list[dict[str, Any]] = [
        {
            "alert_id": alert_id,
            "news": notice.change.what,
            "channel": envelope.channel.value,
            "address": envelope.address,
            "created_at": notice.change.at,
            "sent_at": notice.sent_at.get(envelope),
        }
        for envelope in notice.envelopes
    ]
    if rows:
        session.execute(insert(AlertNotification).on_conflict_do_nothing(), rows)


def note_sent(notice: AlertNotice, envelope: Envelope) -> None:
    """Remember that a message was sent, although that could not be recorded yet."""
    notice.sent_at[envelope] = datetime.now(UTC)
