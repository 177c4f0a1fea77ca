"""All that whoever watches has to know of rules, alerts and letters."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from db.models import AlertLetter
from services.cluster.alerts.history import open_alerts
from services.cluster.alerts.records import Alert, AlertKind, RuleRevision
from services.cluster.alerts.rules import every_rule


@dataclass(frozen=True, slots=True)
class AlertsState:
    """How things stand; `has_letters` when some are due to be sent."""

    rules: Mapping[AlertKind, RuleRevision]
    open_alerts: tuple[Alert, ...]
    has_letters: bool


def standing(session: Session) -> AlertsState:
    """Return how things stand; for the background."""
    is_due = exists().where(
        AlertLetter.sent_at.is_(None),
        AlertLetter.given_up_at.is_(None),
        AlertLetter.send_at <= func.now(),
    )
    return AlertsState(
        {rule.kind: rule for rule in every_rule(session)},
        open_alerts(session),
        bool(session.scalar(select(is_due))),
    )
