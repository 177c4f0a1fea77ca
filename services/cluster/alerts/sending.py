"""Sends alerts to people and programs: by mail, or by calling a webhook."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, Final, Literal
from uuid import UUID

import httpx
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.json_http import machine_trust
from db.models.replication import Alert, AlertNotification
from services.cluster.alerts.history import IS_KNOWN
from services.cluster.alerts.records import AlertChange, AlertKind
from services.cluster.alerts.rules import is_webhook
from services.core.sentences import Sentence, Translate, untranslated
from services.messaging import administrators
from services.messaging.mail import Email, Mailer, is_taken
from services.messaging.resending import lock_claimed, note_attempt, waits

_SECONDS: Final = 10.0
# Longer than a mail server takes (15 seconds for each of about ten answers), but less
# than the quarter of an hour for letters: the cause of an alert may end its worker,
# too.
_CLAIMED: Final = timedelta(minutes=3)
# How long to wait after each failed attempt; after the last one a message is given up.
_PAUSES: Final = tuple(timedelta(minutes=m) for m in (1, 2, 5, 15, 60))
_WAITS: Final = waits(AlertNotification)
_log = logging.getLogger(__name__)


class Channel(StrEnum):
    """How a message travels."""

    MAIL = "mail"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Envelope:
    """A change of an alert for one address; `language` is its reader's, if known."""

    channel: Channel
    address: str
    change: AlertChange
    language: str | None = None


WebhookForm = Literal["chartroom", "slack"]


@dataclass(frozen=True, slots=True)
class Post:
    """What sends e-mail, if anything, and the name and address used in messages.

    E-mails are written in their readers' languages. Webhooks receive all that is known
    of an alert or, in Slack's format, its sentence: in English, which programs search.
    """

    mailer: Mailer | None = None
    clinic: str = "Chartroom"
    address: str = ""
    webhook_form: WebhookForm = "chartroom"
    translate: Translate = untranslated

    def deliver(self, envelope: Envelope) -> bool:
        """Deliver a message, and return whether it was accepted; never raises."""
        if envelope.channel is Channel.WEBHOOK:
            return _call(envelope, self._body(envelope.change))
        if self.mailer is None:
            return False
        return is_taken(self.mailer, self._email(envelope))

    def _body(self, change: AlertChange) -> dict[str, Any]:
        place = f"{self.address}/replication" if self.address else None
        if self.webhook_form == "slack":
            words = (_sentence(change), place)
            return {"text": f"{self.clinic}: {' '.join(filter(None, words))}"}
        return {
            "alert": str(change.alert_id),
            "kind": change.kind.value,
            "node": change.node,
            "news": change.what,
            "at": change.at.isoformat(),
            "value": change.value,
            "worst": change.worst,
            # The field that chat programs look for.
            "text": _sentence(change),
            "url": place,
        }

    def _email(self, envelope: Envelope) -> Email:
        change = envelope.change
        say = partial(self.translate, envelope.language)
        if change.what == "began":
            subject = Sentence("Alert: {sentence}", sentence=change.sentence)
        else:
            subject = Sentence("Over: {sentence}", sentence=change.sentence)
        where = f"\n\n{self.address}/replication" if self.address else ""
        return Email(
            envelope.address,
            f"{self.clinic}: {say(subject)}",
            f"{say(_sentence(change))}{where}\n",
        )


@dataclass(frozen=True, slots=True)
class ClaimedMessage:
    """A message that one worker is to send; `until` distinguishes claims of it."""

    id: UUID
    envelope: Envelope
    until: datetime


def claim_next(session: Session) -> ClaimedMessage | None:
    """Take the message that has been due longest; None if none is due.

    It is due again in three minutes unless it is settled: if a worker dies between the
    two, it may be sent twice, rather than never. A message that every worker died of is
    given up. The caller commits before it is delivered.
    """
    now: Any = func.now()
    while (due := _lock_due(session)) is not None:
        row, alert = due
        if row.attempts <= len(_PAUSES):
            row.attempts, row.send_at = row.attempts + 1, now + _CLAIMED
            session.flush()
            languages = administrators.languages_at(session, (row.address,))
            envelope = _envelope(row, alert, languages.get(row.address))
            return ClaimedMessage(row.id, envelope, row.send_at)
        # A worker that died after the last attempt has not settled it.
        row.given_up_at = now
        session.flush()
    return None


def _lock_due(session: Session) -> tuple[AlertNotification, Alert] | None:
    due = session.execute(
        select(AlertNotification, Alert)
        .join(Alert, Alert.id == AlertNotification.alert_id)
        .where(_WAITS, AlertNotification.send_at <= func.now(), IS_KNOWN)
        .order_by(AlertNotification.send_at, AlertNotification.id)
        .limit(1)
        .with_for_update(of=AlertNotification, skip_locked=True)
    ).one_or_none()
    return None if due is None else (due[0], due[1])


def settle(session: Session, claimed: ClaimedMessage, *, is_sent: bool) -> None:
    """Keep whether a claimed message was accepted; the caller commits."""
    row = lock_claimed(session, AlertNotification, claimed)
    if row is not None:
        note_attempt(row, _PAUSES, is_sent=is_sent)


def _envelope(row: AlertNotification, alert: Alert, language: str | None) -> Envelope:
    is_end = row.news == "ended"
    return Envelope(
        Channel(row.channel),
        row.address,
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
        language,
    )


def _call(envelope: Envelope, body: Mapping[str, Any]) -> bool:
    if not is_webhook(envelope.address):
        return False
    try:
        # Redirects are not followed: they could lead to addresses that nobody allowed.
        httpx.post(
            envelope.address, json=body, timeout=_SECONDS, verify=machine_trust()
        ).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # The error's text includes the address, which may carry a secret.
        _log.warning(
            "An alert could not be delivered to a webhook: %s.", type(error).__name__
        )
        return False
    return True


def _sentence(change: AlertChange) -> Sentence:
    at = change.at
    values = {"sentence": change.sentence, "day": at.date(), "time": f"{at:%H:%M:%S}"}
    if change.what == "began":
        return Sentence("{sentence} Since {day} {time} UTC.", **values)
    return Sentence("Over since {day} {time} UTC: {sentence}", **values)
