"""Tells people and programs of alerts: by mail, or by a call to a webhook."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

import httpx
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Alert, AlertLetter
from services.cluster.alerts.records import AlertChange, AlertKind
from services.cluster.alerts.rules import is_webhook
from services.messaging.mail import Email, Mailer, MailNotSent
from services.messaging.resending import note_attempt

_SECONDS: Final = 10.0
# How long to wait after each attempt that failed; after the last one is given up.
_PAUSES: Final = tuple(timedelta(minutes=m) for m in (1, 2, 5, 15, 60))
_log = logging.getLogger(__name__)


class Channel(StrEnum):
    """How news travels."""

    MAIL = "mail"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Envelope:
    """News for one address."""

    channel: Channel
    address: str
    news: AlertChange


@dataclass(frozen=True, slots=True)
class Post:
    """Who takes letters, if anybody does; the name and address that stand in them."""

    mailer: Mailer | None = None
    clinic: str = "Chartroom"
    address: str = ""

    def deliver(self, envelope: Envelope) -> bool:
        """Deliver, and tell whether it was taken; never raises."""
        if envelope.channel is Channel.WEBHOOK:
            return _call(envelope, self.address)
        if self.mailer is None:
            return False
        try:
            self.mailer.send(self._letter(envelope))
        except MailNotSent:
            return False
        return True

    def _letter(self, envelope: Envelope) -> Email:
        news = envelope.news
        word = "Alert" if news.what == "began" else "Over"
        where = f"\n\n{self.address}/replication" if self.address else ""
        return Email(
            envelope.address,
            f"{self.clinic}: {word}: {news.sentence}",
            f"{_told(news)}{where}\n",
        )


def send_next(session: Session, post: Post) -> bool | None:
    """Send the letter that is due for longest; for the background.

    Returns whether it was taken, None when none is due. The caller commits right then:
    a letter whose commit is lost goes out once more, rather than never.
    """
    found = session.execute(
        select(AlertLetter, Alert)
        .join(Alert, Alert.id == AlertLetter.alert_id)
        .where(
            AlertLetter.sent_at.is_(None),
            AlertLetter.given_up_at.is_(None),
            AlertLetter.send_at <= func.now(),
        )
        .order_by(AlertLetter.send_at, AlertLetter.id)
        .limit(1)
        .with_for_update(of=AlertLetter, skip_locked=True)
    ).one_or_none()
    if found is None:
        return None
    letter, alert = found
    is_sent = post.deliver(_envelope(letter, alert))
    note_attempt(letter, _PAUSES, is_sent=is_sent)
    return is_sent


def _envelope(letter: AlertLetter, alert: Alert) -> Envelope:
    is_end = letter.news == "ended"
    return Envelope(
        Channel(letter.channel),
        letter.address,
        AlertChange(
            alert.id,
            AlertKind(alert.kind),
            alert.node,
            "ended" if is_end else "began",
            (alert.ended_at if is_end else None) or alert.began_at,
            None if is_end else alert.value,
            alert.worst,
            alert.sentence,
        ),
    )


def _call(envelope: Envelope, address: str) -> bool:
    news = envelope.news
    if not is_webhook(envelope.address):
        return False
    told = {
        "alert": str(news.alert_id),
        "kind": news.kind.value,
        "node": news.node,
        "news": news.what,
        "at": news.at.isoformat(),
        "value": news.value,
        "worst": news.worst,
        # The word that chat programs look for.
        "text": _told(news),
        "url": f"{address}/replication" if address else None,
    }
    try:
        # Redirects are not followed: they could lead to where nobody allowed.
        httpx.post(envelope.address, json=told, timeout=_SECONDS).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # Its text has the address, which may carry a secret.
        _log.warning("A webhook did not take an alert: %s.", type(error).__name__)
        return False
    return True


def _told(news: AlertChange) -> str:
    if news.what == "began":
        return f"{news.sentence} Since {news.at:%Y-%m-%d %H:%M:%S} UTC."
    return f"Over since {news.at:%Y-%m-%d %H:%M:%S} UTC: {news.sentence}"
