"""Open and past alerts, who has acknowledged them, and the present state of all."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.orm import Session

from db.models.replication import Alert as AlertRow, AlertNotification
from services.cluster.alerts.records import Alert, AlertKind, RuleRevision
from services.cluster.alerts.rules import every_rule
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import NotFound
from services.messaging import administrators

SUBJECT: Final = "alert"
_MOST: Final = 200
# While a later version is being deployed, its worker may record a kind for which this
# one has no rule and no words: that version has to show and send such an alert.
IS_KNOWN: Final = AlertRow.kind.in_(AlertKind)


def list_open(session: Session, actor: Actor) -> tuple[Alert, ...]:
    """Return the open alerts, the newest first; raises NotAllowed."""
    actor.require(Permission.VIEW_REPLICATION)
    return open_alerts(session)


def open_alerts(session: Session) -> tuple[Alert, ...]:
    """Return the open alerts, the newest first; for the background."""
    rows = session.scalars(
        select(AlertRow)
        .where(IS_KNOWN, AlertRow.ended_at.is_(None))
        .order_by(AlertRow.began_at.desc(), AlertRow.id.desc())
    )
    return tuple(_alert(row) for row in rows)


def list_alerts(
    session: Session,
    actor: Actor,
    *,
    kinds: Collection[AlertKind] | None = None,
    during: tuple[datetime, datetime] | None = None,
    limit: int | None = 50,
) -> tuple[Alert, ...]:
    """Return the newest alerts, including those that ended; raises NotAllowed.

    Without a `limit`, all of them are returned. `during` selects those that were open
    at any time within a span.
    """
    actor.require(Permission.VIEW_REPLICATION)
    newest_first = AlertRow.began_at.desc(), AlertRow.id.desc()
    wanted = select(AlertRow).where(IS_KNOWN).order_by(*newest_first)
    if limit is not None:
        wanted = wanted.limit(max(1, min(limit, _MOST)))
    if kinds is not None:
        wanted = wanted.where(AlertRow.kind.in_(kinds))
    if during is not None:
        since, until = during
        is_after = or_(AlertRow.ended_at.is_(None), AlertRow.ended_at >= since)
        wanted = wanted.where(AlertRow.began_at < until, is_after)
    return tuple(_alert(row) for row in session.scalars(wanted))


def acknowledge(session: Session, actor: Actor, alert_id: UUID) -> Alert:
    """Record that the actor sees to an alert, unless somebody does; the caller commits.

    Raises NotAllowed and NotFound.
    """
    actor.require(Permission.MANAGE_ALERTS)
    row = session.get(AlertRow, alert_id)
    if row is None:
        raise NotFound("There is no such alert.")
    changed = session.execute(
        update(AlertRow)
        .where(AlertRow.id == alert_id, AlertRow.acknowledged_at.is_(None))
        .values(
            acknowledged_at=func.now(),
            acknowledged_by=actor.id,
            acknowledged_by_name=actor.name,
        )
        .returning(AlertRow.id)
    ).all()
    if changed:
        audit.record(
            session,
            actor,
            Action.ALERT_ACKNOWLEDGE,
            subject=(SUBJECT, alert_id),
            details={"kind": row.kind, "node": row.node},
        )
        session.refresh(row)
    return _alert(row)


def _alert(row: AlertRow) -> Alert:
    return Alert(
        row.id,
        AlertKind(row.kind),
        row.node,
        row.began_at,
        row.ended_at,
        row.value,
        row.worst,
        row.sentence,
        row.acknowledged_at,
        row.acknowledged_by_name,
    )


@dataclass(frozen=True, slots=True)
class AlertsState:
    """The rules and open alerts; `has_due_messages` is whether some are to be sent.

    `languages` are those that administrators have chosen, by the addresses of rules.
    """

    rules: Mapping[AlertKind, RuleRevision]
    open_alerts: tuple[Alert, ...]
    has_due_messages: bool
    languages: Mapping[str, str]


def standing(session: Session) -> AlertsState:
    """Return the rules, open alerts, and whether messages are due; background only."""
    is_due = exists().where(
        AlertNotification.sent_at.is_(None),
        AlertNotification.given_up_at.is_(None),
        AlertNotification.send_at <= func.now(),
    )
    rules = {rule.kind: rule for rule in every_rule(session)}
    addresses = {address for rule in rules.values() for address in rule.mail_to}
    return AlertsState(
        rules,
        open_alerts(session),
        bool(session.scalar(select(is_due))),
        administrators.languages_at(session, addresses),
    )
