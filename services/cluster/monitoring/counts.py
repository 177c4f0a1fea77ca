"""Counts of what happened to the servers, for /metrics."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models.replication import Alert, ClusterOperation, Drill

# Writers also wait while a primary is restarted, and it remains the primary.
_CHANGES: Final = ("switchover", "failover")


@dataclass(frozen=True, slots=True)
class Counts:
    """Open alerts by kind, and all operations and drills so far by kind and state.

    `downtime_seconds` is how long writers waited at the last change of primary.
    """

    open_alerts: Mapping[str, int]
    operations: Mapping[tuple[str, str], int]
    drills: Mapping[tuple[str, str], int]
    downtime_seconds: float | None


def count(session: Session) -> Counts:
    """Return all counts; for the background."""
    is_open = Alert.ended_at.is_(None)
    open_alerts = session.execute(
        select(Alert.kind, func.count()).where(is_open).group_by(Alert.kind)
    )
    operations = session.execute(
        select(ClusterOperation.kind, ClusterOperation.state, func.count()).group_by(
            ClusterOperation.kind, ClusterOperation.state
        )
    )
    drills = session.execute(
        select(Drill.kind, Drill.state, func.count()).group_by(Drill.kind, Drill.state)
    )
    downtime = session.scalar(
        select(ClusterOperation.downtime_seconds)
        .where(
            ClusterOperation.kind.in_(_CHANGES),
            ClusterOperation.downtime_seconds.is_not(None),
        )
        .order_by(ClusterOperation.started_at.desc(), ClusterOperation.id.desc())
        .limit(1)
    )
    return Counts(
        {row.kind: row[1] for row in open_alerts},
        {(kind, state): number for kind, state, number in operations},
        {(kind, state): number for kind, state, number in drills},
        downtime,
    )
