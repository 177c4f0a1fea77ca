"""Writes down what the judge decided, and whom to tell."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models import Alert, AlertLetter
from services.cluster.alerts.records import AlertChange, AlertKind, RuleRevision
from services.cluster.alerts.sending import Channel, Envelope


@dataclass(slots=True)
class Telling:
    """News and the letters that tell it; those that are out already know when."""

    news: AlertChange
    envelopes: tuple[Envelope, ...]
    sent_at: dict[Envelope, datetime]


def telling_of(news: AlertChange, rules: Mapping[AlertKind, RuleRevision]) -> Telling:
    """Return the news with a letter to everybody whom its rule names."""
    rule = rules.get(news.kind)
    if rule is None:
        return Telling(news, (), {})
    mails = tuple(Envelope(Channel.MAIL, address, news) for address in rule.mail_to)
    hook = rule.webhook_url
    hooks = (Envelope(Channel.WEBHOOK, hook, news),) if hook else ()
    return Telling(news, mails + hooks, {})


def record(session: Session, tellings: Iterable[Telling]) -> None:
    """Keep the news in order, and the letters; for the background.

    Whoever else watched through an outage may have told of the same: the first stays.
    """
    for telling in tellings:
        alert_id = _record_news(session, telling.news)
        if alert_id is not None:
            _record_letters(session, alert_id, telling)


def _record_news(session: Session, news: AlertChange) -> UUID | None:
    """Return which alert it is about; None if it is another's that is known."""
    if news.what == "began":
        began = insert(Alert).values(
            id=news.alert_id,
            kind=news.kind.value,
            node=news.node,
            began_at=news.at,
            value=news.value,
            worst=news.worst,
            sentence=news.sentence,
        )
        return session.scalar(began.on_conflict_do_nothing().returning(Alert.id))
    return session.scalar(
        update(Alert)
        .where(
            Alert.kind == news.kind.value,
            func.coalesce(Alert.node, "") == (news.node or ""),
            Alert.ended_at.is_(None),
        )
        .values(ended_at=news.at, worst=func.greatest(Alert.worst, news.worst))
        .returning(Alert.id)
    )


def _record_letters(session: Session, alert_id: UUID, telling: Telling) -> None:
    rows: list[dict[str, Any]] = [
        {
            "alert_id": alert_id,
            "news": telling.news.what,
            "channel": envelope.channel.value,
            "address": envelope.address,
            "created_at": telling.news.at,
            "sent_at": telling.sent_at.get(envelope),
        }
        for envelope in telling.envelopes
    ]
    if rows:
        session.execute(insert(AlertLetter).on_conflict_do_nothing(), rows)


def note_sent(telling: Telling, envelope: Envelope) -> None:
    """Remember that a letter is out although nobody could write that down yet."""
    telling.sent_at[envelope] = datetime.now(UTC)
