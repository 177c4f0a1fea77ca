"""The history of operations on the servers, row by row; callers commit."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Text,
    cast,
    exists,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session

from db.models.replication import ClusterOperation
from db.models.user import ApiToken, User
from services.cluster.operations.refusals import ServersBusy
from services.cluster.operations.requests import Cost, OperationKind, OperationRequest
from services.core import audit
from services.core.actors import PERMISSIONS, Actor, Permission, Role

_SEEN_SECONDS: Final = 30.0
# A planned switchover that is later than this is not made up for.
_LATE_SECONDS: Final = 300.0
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('chartroom.cluster_acts'))"
_MISSED: Final = (
    "It could not begin within five minutes of its time: no worker was running, no "
    "server led, or another operation was under way."
)
_UNAUTHORIZED: Final = (
    "Whoever planned it may no longer act on the database servers, or did so with a "
    "token that was revoked. So it was cancelled; an administrator can plan it again."
)
# What the token of the program that asked is called in the operation's result.
_PROGRAM: Final = "token_id"
_MAY_ACT: Final = tuple(
    role.value for role in Role if Permission.ACT_ON_CLUSTER in PERMISSIONS[role]
)


@dataclass(frozen=True, slots=True)
class PlannedSwitchover:
    """A switchover that is planned: to which server, when, and who asked for it.

    It is cancelled unless `is_authorized`: its planner may not do it any more.
    """

    id: UUID
    node: str | None
    at: datetime
    actor_name: str
    is_authorized: bool


def begin(
    session: Session,
    actor: Actor,
    request: OperationRequest,
    *,
    known_as: UUID | None = None,
) -> UUID:
    """Record that an operation begins, or is planned; raises ServersBusy."""
    session.execute(text(_LOCK))
    if request.scheduled_at is None:
        _require_idle(session)
    operation = ClusterOperation(
        kind=request.kind.value,
        state="running" if request.scheduled_at is None else "scheduled",
        actor_id=actor.id,
        actor_name=actor.name,
        reason=request.reason,
        scheduled_at=request.scheduled_at,
        node=request.node,
        result={"seconds": request.seconds, "changes": dict(request.changes)},
    )
    if request.token_id is not None:
        operation.result = {**operation.result, _PROGRAM: str(request.token_id)}
    if known_as is not None:
        operation.id = known_as
    session.add(operation)
    session.flush()
    return operation.id


def note(
    session: Session, operation_id: UUID, steps: Sequence[Mapping[str, Any]]
) -> None:
    """Record the operation's progress, which also shows that it is being worked on."""
    _update(
        session,
        ClusterOperation.id == operation_id,
        seen_at=func.now(),
        result=ClusterOperation.result.concat({"steps": list(steps)}),
    )


def finish(
    session: Session,
    operation_id: UUID,
    cost: Cost,
    steps: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Record what the operation did and what it cost."""
    details = asdict(cost)
    sentence, facts = details.pop("sentence"), details.pop("facts")
    extra = {"sentence": sentence, "steps": list(steps), **facts}
    _update(
        session,
        ClusterOperation.id == operation_id,
        state="done",
        ended_at=func.clock_timestamp(),
        result=ClusterOperation.result.concat(extra),
        **details,
    )


def fail(
    session: Session,
    operation_id: UUID,
    sentence: str,
    steps: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Record that the operation failed, and why."""
    _update(
        session,
        ClusterOperation.id == operation_id,
        state="failed",
        ended_at=func.clock_timestamp(),
        result=ClusterOperation.result.concat(
            {"sentence": sentence, "steps": list(steps)}
        ),
    )


def close_missed(session: Session) -> int:
    """Mark planned operations that were missed as failed; return how many they were.

    Those whose planner may not do them any more are cancelled.
    """
    _cancel_unauthorized(session)
    too_late = func.now() - _seconds(_LATE_SECONDS)
    return _update(
        session,
        (ClusterOperation.state == "scheduled")
        & (ClusterOperation.scheduled_at < too_late),
        state="failed",
        ended_at=func.now(),
        result=ClusterOperation.result.concat({"sentence": _MISSED}),
    )


def _cancel_unauthorized(session: Session) -> None:
    """Cancel what is planned by somebody who may not do it any more.

    They have been deactivated or lost the role, or their token has been revoked.
    """
    cancelled = session.execute(
        update(ClusterOperation)
        .where(ClusterOperation.state == "scheduled", _is_planner_out())
        .values(
            state="cancelled",
            ended_at=func.now(),
            result=ClusterOperation.result.concat({"sentence": _UNAUTHORIZED}),
        )
        .returning(ClusterOperation.id, ClusterOperation.kind)
        .execution_options(synchronize_session=False)
    ).all()
    for operation_id, kind in cancelled:
        audit.record(
            session,
            None,
            OperationKind(kind).action,
            subject=("cluster", operation_id),
            details={"cancelled": True},
        )


def claim_due(session: Session) -> tuple[UUID, OperationRequest] | None:
    """Claim a planned switchover that is due, for one worker only.

    One whose planner may not do it any more is cancelled instead.
    """
    session.execute(text(_LOCK))
    _cancel_unauthorized(session)
    due = session.scalars(
        select(ClusterOperation)
        .where(
            ClusterOperation.state == "scheduled",
            ClusterOperation.scheduled_at <= func.now(),
        )
        .order_by(ClusterOperation.scheduled_at, ClusterOperation.id)
        .limit(1)
        # Somebody may be cancelling it: then it is no longer scheduled.
        .with_for_update()
    ).one_or_none()
    if due is None or _is_busy(session):
        return None
    due.state = "running"
    due.started_at = due.seen_at = session.execute(select(func.now())).scalar_one()
    session.flush()
    return due.id, OperationRequest(OperationKind(due.kind), due.reason, due.node)


def is_any_due(session: Session) -> bool:
    """Return whether a planned operation is due, or is not to take place any more."""
    due = select(ClusterOperation.id).where(
        ClusterOperation.state == "scheduled",
        or_(ClusterOperation.scheduled_at <= func.now(), _is_planner_out()),
    )
    return session.scalar(due.limit(1)) is not None


def planned(session: Session) -> PlannedSwitchover | None:
    """Return the next planned switchover."""
    row = session.execute(
        select(
            ClusterOperation.id,
            ClusterOperation.node,
            ClusterOperation.scheduled_at,
            ClusterOperation.actor_name,
            (~_is_planner_out()).label("is_authorized"),
        )
        .where(ClusterOperation.state == "scheduled")
        .order_by(ClusterOperation.scheduled_at, ClusterOperation.id)
        .limit(1)
    ).one_or_none()
    if row is None or row.scheduled_at is None:
        return None
    return PlannedSwitchover(
        row.id, row.node, row.scheduled_at, row.actor_name, row.is_authorized
    )


def _require_idle(session: Session) -> None:
    if _is_busy(session):
        raise ServersBusy


def _is_busy(session: Session) -> bool:
    running = select(ClusterOperation.id).where(
        ClusterOperation.state == "running", _is_attended()
    )
    return session.scalar(running.limit(1)) is not None


def _is_planner_out() -> ColumnElement[bool]:
    # The command line has no account among the users, and keeps what it has planned.
    is_out = exists().where(
        User.id == ClusterOperation.actor_id,
        or_(User.deactivated_at.is_not(None), User.role.not_in(_MAY_ACT)),
    )
    # A token that has expired was good when it was used; a revoked one perhaps was not.
    is_revoked = exists().where(
        cast(ApiToken.id, Text) == ClusterOperation.result[_PROGRAM].astext,
        ApiToken.revoked_at.is_not(None),
    )
    return or_(is_out, is_revoked)


def _is_attended() -> ColumnElement[bool]:
    return ClusterOperation.seen_at > func.now() - _seconds(_SEEN_SECONDS)


def _seconds(seconds: float) -> ColumnElement[Any]:
    return func.make_interval(0, 0, 0, 0, 0, 0, seconds)


def _update(session: Session, which: ColumnElement[bool], **values: Any) -> int:
    statement = update(ClusterOperation).where(which).values(**values)
    result = session.execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)  # type: ignore[attr-defined]
