"""The history of operations on the servers, and of what happened to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models.replication import ClusterOperation, Drill
from services.cluster.drill_kinds import TO_THE_PRIMARY, DrillKind
from services.core.actors import Actor, Permission
from services.core.errors import NotFound

_MOST: Final = 200
# A drill that ends without a report has shown every few seconds before that it goes on,
# except while nobody leads.
_UNATTENDED: Final = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class DrillBehind:
    """The drill that caused it, and who practised."""

    id: UUID
    kind: str
    actor_name: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation or event, and what it cost.

    Without an actor it happened by itself, or in a `drill`. `downtime_seconds` is how
    long writers waited, `lost_bytes` the log that was lost with the former primary;
    `phases` are seconds by name.
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
    drill: DrillBehind | None = None


def list_operations(
    session: Session,
    actor: Actor,
    *,
    limit: int = 50,
    before: datetime | None = None,
) -> tuple[Operation, ...]:
    """Return the newest operations that began before a time."""
    actor.require(Permission.VIEW_REPLICATION)
    wanted = select(ClusterOperation).order_by(
        ClusterOperation.started_at.desc(), ClusterOperation.id.desc()
    )
    if before is not None:
        wanted = wanted.where(ClusterOperation.started_at < before)
    rows = session.scalars(wanted.limit(max(1, min(limit, _MOST))))
    return _with_drills(session, rows.all())


def get_operation(session: Session, actor: Actor, operation_id: UUID) -> Operation:
    """Return one operation, also to who may only act; raises NotFound."""
    if not actor.may(Permission.ACT_ON_CLUSTER):
        actor.require(Permission.VIEW_REPLICATION)
    row = session.get(ClusterOperation, operation_id)
    if row is None:
        raise NotFound("There is no such operation.")
    (operation,) = _with_drills(session, [row])
    return operation


def _with_drills(
    session: Session, rows: Sequence[ClusterOperation]
) -> tuple[Operation, ...]:
    """Return rows as operations, with the drill behind those that nobody asked for."""
    unasked = [row for row in rows if _is_unasked(row)]
    drills: Sequence[Drill] = ()
    if unasked:
        newest = max(row.seen_at for row in unasked)
        oldest = min(row.started_at for row in unasked)
        drills = session.scalars(
            select(Drill).where(
                Drill.kind.in_(TO_THE_PRIMARY),
                Drill.started_at <= newest,
                func.coalesce(Drill.ended_at, Drill.seen_at + _UNATTENDED) >= oldest,
            )
        ).all()
    return tuple(_operation(row, drills) for row in rows)


def _operation(row: ClusterOperation, drills: Sequence[Drill]) -> Operation:
    names = Operation.__dataclass_fields__.keys() - {"drill"}
    values = {name: getattr(row, name) for name in names}
    behind = [drill for drill in drills if _is_behind(drill, row)]
    if behind and _is_unasked(row):
        drill = max(behind, key=lambda drill: drill.started_at)
        values["drill"] = DrillBehind(drill.id, drill.kind, drill.actor_name)
    return Operation(**values)


def _is_unasked(row: ClusterOperation) -> bool:
    return row.kind == "failover" and not row.actor_name and not row.reason


def _is_behind(drill: Drill, row: ClusterOperation) -> bool:
    """Return whether the primary changed because of what was practised.

    A failover begins when the former primary was last seen, which may be before the
    drill.
    """
    until = drill.ended_at or drill.seen_at + _UNATTENDED
    practised_on = {row.former_primary}
    if drill.kind == DrillKind.NETWORK_CUT:
        # This one leads only once it is in a network of its own: it is handed the lead.
        practised_on.add(row.new_primary)
    # Which server it is gets recorded before anything is done to it.
    is_of_it = drill.node is not None and drill.node in practised_on
    return is_of_it and drill.started_at <= row.seen_at and row.started_at <= until
