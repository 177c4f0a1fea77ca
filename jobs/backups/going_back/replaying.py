"""Applies to rows of an earlier time what has to be true today nevertheless."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, text, update
from sqlalchemy.orm import Session

from db.files.seal_keys import SealKeys
from db.models.booking import Appointment, VisitNotification
from db.models.integrity import BackupRequest, RestoreDrill, RestoreLook, RestorePreview
from db.models.replication import AlertNotification, ClusterOperation, Drill, DrillPlan
from db.models.user import UserNotification
from db.mongo.audit_store import AuditStore
from services.analytics import count_alerts, subscriptions
from services.audit import chain
from services.audit.chain import Link, link_of
from services.backups import ledger
from services.backups.ledger import Since
from services.core.actors import Actor
from services.documents import erasure, retention
from services.people.accounts import revocations
from services.visits.front_desk.appointments import phoning

_BEFORE_A_VISIT: Final = timedelta(hours=24)
_WENT_BACK: Final = "The clinic went back to an earlier time: ask again."
# Their worker belongs to another time; pending work is found again.
_OF_THE_QUEUE: Final = (
    "UPDATE procrastinate_jobs SET status = 'cancelled' WHERE status = 'todo'",
    "UPDATE procrastinate_jobs SET status = 'failed' WHERE status = 'doing'",
)


@dataclass(frozen=True, slots=True)
class GoingBackOrder:
    """Who goes back to which time, and why."""

    to: datetime
    reason: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class Rejoined:
    """The audit log's end, what it has of the time since, and the keys to seal it.

    `is_complete` says whether all waiting events were added before; `set_id` is the
    backup that the rows are from.
    """

    end: Link
    since: Since
    keys: SealKeys
    set_id: str
    is_complete: bool


def read_log(session: Session, store: AuditStore) -> tuple[Since, Link]:
    """Return what the audit log has of the time since the rows, and its end.

    Raises ChainBroken if it does not continue from them, and AuditStoreUnavailable.
    """
    end = chain.read_head(session)

    def followed() -> Iterator[Mapping[str, Any]]:
        nonlocal end
        for entry in chain.walk_after_head(session, store):
            end = link_of(entry)
            yield entry

    return ledger.read_since(followed()), end


def replay(session: Session, order: GoingBackOrder, rejoined: Rejoined) -> None:
    """Bring restored rows up to date with the audit log; the caller commits."""
    since = rejoined.since
    retention.replay_purges(session, since.purged)
    erasure.replay_erasures(session, since.erased)
    revocations.replay_revocations(session, since.revocations)
    retention.replay_link_revocations(session, since.links)
    retention.replay_holds(session, since.holds.values())
    _settle_letters(session, rejoined)
    _settle_calls_and_mails_of_analysts(session, rejoined)
    _end_what_was_under_way(session)
    chain.move_head_to_end(session, rejoined.end, since.events, rejoined.keys)
    ledger.record_going_back(
        session,
        order.actor,
        order.reason,
        since,
        to=order.to,
        set_id=rejoined.set_id,
        is_complete=rejoined.is_complete,
    )


def _settle_letters(session: Session, rejoined: Rejoined) -> None:
    """Prevent letters sent since from being sent twice; others are still sent."""
    letters = update(VisitNotification).where(VisitNotification.sent_at.is_(None))
    for letter_id, at in rejoined.since.sent.items():
        session.execute(
            letters.where(VisitNotification.id == letter_id).values(sent_at=at)
        )
    if not rejoined.is_complete:
        # Nobody knows which were sent: better one too few than one twice.
        session.execute(letters.values(given_up_at=func.now()))
    is_reminded = Appointment.starts_at <= func.now() + _BEFORE_A_VISIT
    for statement in (
        update(Appointment)
        .where(Appointment.reminded_at.is_(None), is_reminded)
        .values(reminded_at=func.now()),
        update(UserNotification)
        .where(UserNotification.mail_at <= func.now())
        .values(mail_at=None),
        update(DrillPlan)
        .where(DrillPlan.reminded_at.is_(None))
        .where(DrillPlan.next_on <= func.current_date())
        .values(reminded_at=func.now()),
        # Alerts are sent within a minute.
        update(AlertNotification)
        .where(AlertNotification.sent_at.is_(None))
        .where(AlertNotification.given_up_at.is_(None))
        .values(given_up_at=func.now()),
    ):
        session.execute(statement.execution_options(synchronize_session=False))


def _settle_calls_and_mails_of_analysts(session: Session, rejoined: Rejoined) -> None:
    """Prevent calls, dashboards and counts made or sent since from being repeated."""
    since = rejoined.since
    for visit_id, call in since.calls.items():
        if call is None:
            phoning.replay_removal(session, visit_id)
        else:
            phoning.replay_call(session, visit_id, call.outcome, by=call.by, at=call.at)
    for alert_id, at in since.crossings.items():
        count_alerts.record_crossing(session, alert_id, at)
    subscriptions.skip_sent_mails(
        session,
        since.dashboards,
        since.crossing_mails,
        is_complete=rejoined.is_complete,
    )


def _end_what_was_under_way(session: Session) -> None:
    """End everything that was running, or scheduled, at that time."""
    for statement in (
        update(ClusterOperation)
        .where(ClusterOperation.state == "running")
        .values(state="failed", ended_at=func.now()),
        update(ClusterOperation)
        .where(ClusterOperation.state == "scheduled")
        .values(state="cancelled", ended_at=func.now()),
        update(Drill)
        .where(Drill.state == "running")
        .values(state="failed", ended_at=func.now()),
        update(BackupRequest)
        .where(BackupRequest.ended_at.is_(None))
        .values(ended_at=func.now(), failure=_WENT_BACK),
        update(RestoreDrill)
        .where(RestoreDrill.ended_at.is_(None))
        .values(ended_at=func.now(), failure=_WENT_BACK),
        update(RestorePreview)
        .where(RestorePreview.ended_at.is_(None))
        .values(ended_at=func.now(), failure=_WENT_BACK),
        update(RestoreLook)
        .where(RestoreLook.ended_at.is_(None))
        .values(ended_at=func.now(), failure=_WENT_BACK),
    ):
        session.execute(statement.execution_options(synchronize_session=False))
    for words in _OF_THE_QUEUE:
        session.execute(text(words))
