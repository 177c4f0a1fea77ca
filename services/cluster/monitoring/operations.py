"""The history of what was done to the servers, and of what happened to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.replication import ClusterOperation
from services.core.actors import Actor, Permission
from services.core.errors import NotFound

_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation or event, and what it cost.

    Without an actor it happened by itself. `downtime_seconds` is how long writers
    waited, `lost_bytes` the log that went with the former primary; `phases` are seconds
    by name.
    """

    id: UUID
    kind: str
    state: str
    actor_id: UUID | None
    actor_name: str
    reason: str
    started_at: datetime
    scheduled_at: datetime | None
    seen_at: datetime
    ended_at: datetime | None
    node: str | None
    former_primary: str | None
    new_primary: str | None
    former_timeline: int | None
    new_timeline: int | None
    downtime_seconds: float | None
    lost_bytes: int | None
    lost_writes: int | None
    phases: Mapping[str, Any]
    result: Mapping[str, Any]


def list_operations(
    session: Session,
    actor: Actor,
    *,
    limit: int = 50,
    before: datetime | None = None,
) -> tuple[Operation, ...]:
    """Return the newest operations, those that began before a moment."""
    actor.require(Permission.VIEW_REPLICATION)
    wanted = select(ClusterOperation).order_by(
        ClusterOperation.started_at.desc(), ClusterOperation.id.desc()
    )
    if before is not None:
        wanted = wanted.where(ClusterOperation.started_at < before)
    rows = session.scalars(wanted.limit(max(1, min(limit, _MOST))))
    return tuple(_operation(row) for row in rows)


def get_operation(session: Session, actor: Actor, operation_id: UUID) -> Operation:
    """Return one operation; raises NotFound."""
    actor.require(Permission.VIEW_REPLICATION)
    row = session.get(ClusterOperation, operation_id)
    if row is None:
        raise NotFound("There is no such operation.")
    return _operation(row)


def _operation(row: ClusterOperation) -> Operation:
    return Operation(
        **{name: getattr(row, name) for name in Operation.__dataclass_fields__}
    )
