"""What the API says of the database servers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from api.core.answers import From, Shown
from db.cluster.observing import Behind, ClusterSnapshot, NodeSnapshot
from services.cluster.monitoring import ReplicationVerdict


class AvailabilityShown(Shown):
    """Whether the clinic can work."""

    status: Literal["up", "read-only", "down"]
    database: Literal["up", "read-only", "down"]
    timestamp: datetime
    # Only at a standby site.
    role: Literal["standby"] | None = None
    lag_seconds: float | None = Field(
        None,
        description="At a standby site: how old the newest is that it has of both "
        "stores; null where that is not known.",
    )


class PartShown(BaseModel):
    """One part that Chartroom needs."""

    status: Literal["up", "down"]
    latency_ms: float | None


class HealthShown(Shown):
    """What follows from the parts; these only for a program with a token."""

    status: Literal["up", "degraded", "read-only", "down"]
    database: Literal["up", "read-only", "down"]
    timestamp: datetime
    # Only at a standby site.
    role: Literal["standby"] | None = None
    lag_seconds: float | None = Field(
        None,
        description="At a standby site: how old the newest is that it has of both "
        "stores; null where that is not known.",
    )
    primary: PartShown | None = None
    replicas: list[PartShown] | None = None
    mongo: PartShown | None = None
    worker: PartShown | None = None
    audit: PartShown | None = None
    disk: PartShown | None = None
    # Null without Patroni.
    etcd: PartShown | None = None
    # Other sites that follow this one.
    sites: list[PartShown] | None = None


class BehindShown(Shown):
    """How far a replica is behind; 0 when all is there, null when it is not known."""

    seconds: float | None
    bytes: int | None


class ReplicationSlotShown(Shown):
    """Log that a server keeps for somebody."""

    name: str
    is_active: bool
    retained_bytes: int
    status: str | None
    holder: str | None


class TagsShown(Shown):
    """What somebody decided about a server."""

    nofailover: bool
    nosync: bool
    is_delayed: bool
    delayed_seconds: float


def _text(position: object) -> str | None:
    return None if position is None else str(position)


def _lag(node: NodeSnapshot) -> Behind:
    return Behind() if node.role == "primary" else node.replay


class NodeShown(Shown):
    """A database server as it was last seen; null is what is not known."""

    name: str
    role: Literal["primary", "replica"] | None
    state: str
    reachable: Annotated[bool, From("is_answering")]
    is_streaming: bool
    is_diverged: bool
    is_listed: bool
    sync: Literal["quorum", "sync", "potential", "async"] | None
    upstream: str | None
    tags: TagsShown
    version: str | None
    timeline: int | None
    replay_lsn: Annotated[str | None, From(lambda node: _text(node.lsn))]
    received_lsn: Annotated[str | None, From(lambda node: _text(node.received_lsn))]
    lag_seconds: Annotated[float | None, From(lambda node: _lag(node).seconds)]
    lag_bytes: Annotated[int | None, From(lambda node: _lag(node).bytes)]
    write: BehindShown
    flush: BehindShown
    replay: BehindShown
    connections: int | None
    connections_max: int | None
    pool_busy: int | None
    pool_open: int | None
    disk_free_bytes: int | None
    disk_total_bytes: int | None
    slots: list[ReplicationSlotShown]
    started_at: datetime | None
    is_replay_paused: bool
    latency_seconds: float | None = Field(
        description="How long it took to answer; null while it does not."
    )
    clock_skew_seconds: float | None
    conflicts: int | None
    wal_bytes_per_second: float | None
    longest_transaction_seconds: float | None
    replayed_until: datetime | None
    seen_at: datetime | None
    copied_anew_at: datetime | None = Field(
        description="When its log was damaged and it was copied anew by itself."
    )


class VerdictShown(Shown):
    """Whether the records are safe, why not, and what to do."""

    is_safe: bool
    sentence: str
    reason: str
    next_action: str


class StatusShown(Shown):
    """The verdict, and every database server."""

    taken_at: datetime
    verdict: VerdictShown
    is_automatic: bool | None = Field(
        description="Whether a replica takes over by itself; null without Patroni."
    )
    acknowledgements: int | None = Field(
        description="For how many replicas a commit waits."
    )
    nodes: list[NodeShown]


class SampleShown(Shown):
    """How one server was doing at a moment, or over a span with the worst of it."""

    taken_at: datetime
    node: str
    role: Literal["primary", "replica"] | None
    state: str
    timeline: int | None
    write_lag: float | None
    flush_lag: float | None
    replay_lag: float | None
    replay_lag_max: float | None
    lag_bytes: int | None
    lag_bytes_max: int | None
    wal_rate: float | None
    connections: int | None
    disk_free: int | None
    retained_bytes: int | None


class SamplesShown(Shown):
    """Samples of all servers, the oldest first."""

    samples: list[SampleShown]


class DrillBehindShown(Shown):
    """A drill that changed who leads, and who practised."""

    id: UUID
    kind: str
    actor_name: str


class OperationShown(Shown):
    """Something done to the servers, or that happened to them, and what it cost."""

    id: UUID
    kind: str
    state: Literal["scheduled", "running", "done", "failed", "cancelled"]
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
    phases: dict[str, Any]
    result: dict[str, Any]
    drill: DrillBehindShown | None = Field(
        description="Of a failover that nobody asked for: the drill that did it."
    )


class HistoryShown(Shown):
    """Operations, the newest first."""

    operations: list[OperationShown]


class AlertShown(Shown):
    """Something that was wrong, until it ended."""

    id: UUID
    kind: str
    node: str | None
    began_at: datetime
    ended_at: datetime | None
    value: float | None
    worst: float | None
    sentence: str
    acknowledged_at: datetime | None
    acknowledged_by_name: str | None


class AlertsShown(Shown):
    """Alerts, the newest first."""

    alerts: list[AlertShown]


def snapshot_json(
    snapshot: ClusterSnapshot, verdict: ReplicationVerdict
) -> Mapping[str, Any]:
    """Return how the servers are as the API shows it."""
    return {
        "taken_at": snapshot.taken_at,
        "verdict": verdict,
        "is_automatic": snapshot.is_automatic,
        "acknowledgements": snapshot.acknowledgements,
        "nodes": list(map(NodeShown.of, snapshot.nodes)),
    }
