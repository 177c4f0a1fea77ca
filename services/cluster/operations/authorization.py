"""Authorizes every operation: who may, and on what proof; the caller commits."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import exists
from sqlalchemy.orm import Session

from db.endpoints import LONGEST_DELAY
from db.models.replication import ClusterOperation
from db.models.user import UserSession
from services.cluster.operations import journal
from services.cluster.operations.requests import OperationKind, OperationRequest
from services.core import audit, reasons
from services.core.actors import Actor, Permission, Scope
from services.core.errors import InsufficientScope, InvalidInput, NotFound
from services.core.sentences import Sentence
from services.people.sign_in import confirmations

_SUBJECT: Final = "cluster"
_FURTHEST: Final = timedelta(days=30)


def request(
    session: Session,
    actor: Actor,
    request: OperationRequest,
    *,
    session_id: UUID | None,
) -> UUID:
    """Authorize the request, record it and return the operation's id.

    Raises NotAllowed, NotConfirmed, InvalidInput and ServersBusy.
    """
    checked = check(session, actor, request, session_id=session_id)
    operation_id = journal.begin(session, actor, checked)
    record(session, actor, checked, operation_id)
    return operation_id


def check(
    session: Session,
    actor: Actor,
    request: OperationRequest,
    *,
    session_id: UUID | None,
    is_leaderless: bool = False,
) -> OperationRequest:
    """Return the request normalized if the actor may make it; nothing is written.

    While nobody leads, no newer proof can be recorded. So the passkey of this sign-in
    counts then, however long ago it was used. Raises NotAllowed, NotConfirmed and
    InvalidInput.
    """
    actor.require(Permission.ACT_ON_CLUSTER)
    require_times(request)
    reason = reasons.read(request.reason)
    if not (is_leaderless and _confirmed_once(session, actor, session_id)):
        _require_proof(session, actor, session_id)
    return dataclasses.replace(request, reason=reason)


def check_program(actor: Actor, request: OperationRequest) -> None:
    """Check what `check` does of a program; its reason only if it gives one.

    Raises NotAllowed and InvalidInput.
    """
    actor.require(Permission.ACT_ON_CLUSTER)
    _require_scope(actor)
    if request.reason:
        reasons.read(request.reason)


def cancel(
    session: Session, actor: Actor, operation_id: UUID, *, session_id: UUID | None
) -> None:
    """Cancel a planned switchover; raises NotFound, NotAllowed and NotConfirmed."""
    actor.require(Permission.ACT_ON_CLUSTER)
    operation = session.get(ClusterOperation, operation_id, with_for_update=True)
    if operation is None or operation.state != "scheduled":
        raise NotFound("This switchover is no longer planned.")
    _require_proof(session, actor, session_id)
    operation.state, operation.ended_at = "cancelled", datetime.now(UTC)
    session.flush()
    audit.record(
        session,
        actor,
        OperationKind.SWITCHOVER.action,
        subject=(_SUBJECT, operation_id),
        details={"cancelled": True},
    )


def record(
    session: Session, actor: Actor, request: OperationRequest, operation_id: UUID
) -> None:
    """Record a request in the audit log."""
    details = {
        "node": request.node,
        "scheduled_at": request.scheduled_at,
        "seconds": request.seconds,
        "changes": dict(request.changes),
    }
    audit.record(
        session,
        actor,
        request.kind.action,
        subject=(_SUBJECT, operation_id),
        reason=request.reason,
        details={name: value for name, value in details.items() if value},
    )


def _require_proof(session: Session, actor: Actor, session_id: UUID | None) -> None:
    """Raise NotConfirmed or NotAllowed unless it is certain that the actor acts."""
    if session_id is None:
        _require_scope(actor)
    else:
        confirmations.require_passkey_for_servers(session, actor, session_id)


def _require_scope(actor: Actor) -> None:
    if not confirmations.needs_no_passkey(actor):
        raise InsufficientScope(
            Sentence(
                "You may not act on the database servers: this token does not name the "
                "scope {scope}. Ask an administrator for one that does.",
                scope=Scope.ACT_ON_REPLICATION.value,
            ),
            needed=Scope.ACT_ON_REPLICATION,
        )


def _confirmed_once(session: Session, actor: Actor, session_id: UUID | None) -> bool:
    return bool(
        session.scalar(
            exists()
            .where(
                UserSession.id == session_id,
                UserSession.user_id == actor.id,
                UserSession.ended_at.is_(None),
                UserSession.confirmed_at.is_not(None),
            )
            .select()
        )
    )


def require_times(request: OperationRequest) -> None:
    """Raise InvalidInput for a time or a delay at which nothing can be done."""
    _require_future(request)
    _require_delay(request)


def _require_future(request: OperationRequest) -> None:
    if request.scheduled_at is None:
        return
    if request.kind is not OperationKind.SWITCHOVER:
        raise InvalidInput("scheduled_at", "Only a switchover can be planned ahead.")
    if request.scheduled_at.tzinfo is None:
        raise InvalidInput("scheduled_at", "Give the time with its time zone.")
    ahead = request.scheduled_at - datetime.now(UTC)
    if not timedelta() < ahead <= _FURTHEST:
        raise InvalidInput(
            "scheduled_at",
            Sentence(
                "That day and time is too far ahead. Choose a time within the next "
                "thirty days."
            )
            if ahead > _FURTHEST
            else Sentence(
                "That day and time has passed. Choose a time within the next thirty "
                "days."
            ),
        )
    require_once(request.scheduled_at)


def require_once(timestamp: datetime) -> None:
    """Raise InvalidInput for a time by a clock that shows it twice, or never.

    Without a time zone the clock is this machine's.
    """
    times = (timestamp.replace(fold=fold) for fold in (0, 1))
    offsets = {(at if at.tzinfo else at.astimezone()).utcoffset() for at in times}
    if len(offsets) > 1:
        raise InvalidInput(
            "scheduled_at",
            "Clocks change in that hour, so that day and time comes twice or never. "
            "Choose an earlier or a later one.",
        )


def _require_delay(request: OperationRequest) -> None:
    if request.kind is not OperationKind.ADD_REPLICA or request.seconds is None:
        return
    # A delay of zero would make a replica that is not delayed at all.
    if not 1 <= request.seconds <= LONGEST_DELAY.total_seconds():
        raise InvalidInput(
            "seconds",
            Sentence(
                "A delayed standby must stay behind by more than 0 minutes and at "
                "most a week ({minutes} minutes).",
                minutes=LONGEST_DELAY // timedelta(minutes=1),
            ),
        )
