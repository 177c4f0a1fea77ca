"""The database servers as the API describes them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from api.core.answers import FromAttribute, Shown
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
        description="At a standby site: age of the newest data that it has of "
        "both stores; null if unknown.",
    )


class PartShown(BaseModel):
    """A part that Chartroom needs."""

    status: Literal["up", "down"]
    latency_ms: float | None


class HealthShown(Shown):
    """The overall status; a program with a token also gets the state of each part."""

    status: Literal["up", "degraded", "read-only", "down"]
    database: Literal["up", "read-only", "down"]
    timestamp: datetime
    # Only at a standby site.
    role: Literal["standby"] | None = None
    lag_seconds: float | None = Field(
        None,
        description="At a standby site: age of the newest data that it has of "
        "both stores; null if unknown.",
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
    """How far a replica is behind; 0 when it has everything, null when not known."""

    seconds: float | None
    bytes: int | None


class ReplicationSlotShown(Shown):
    """A replication slot: log that a server keeps for a subscriber."""

    name: str
    is_active: bool
    retained_bytes: int
    status: str | None
    holder: str | None


class TagsShown(Shown):
    """What the operators have set for a server."""

    nofailover: bool
    nosync: bool
    is_delayed: bool
    delayed_seconds: float


def _text(position: object) -> str | None:
    return None if position is None else str(position)


def _lag(node: NodeSnapshot) -> Behind:
    return Behind() if node.role == "primary" else node.replay


class NodeShown(Shown):
    """A database server as it was last seen; null where a value is not known."""

    name: str
    role: Literal["primary", "replica"] | None
    state: str
    reachable: Annotated[bool, FromAttribute("is_answering")]
    is_streaming: bool
    is_diverged: bool
    is_listed: bool
    sync: Literal["quorum", "sync", "potential", "async"] | None
    upstream: str | None
    tags: TagsShown
    version: str | None
    timeline: int | None
    replay_lsn: Annotated[str | None, FromAttribute(lambda node: _text(node.lsn))]
    received_lsn: Annotated[
        str | None, FromAttribute(lambda node: _text(node.received_lsn))
    ]
    lag_seconds: Annotated[float | None, FromAttribute(lambda node: _lag(node).seconds)]
    lag_bytes: Annotated[int | None, FromAttribute(lambda node: _lag(node).bytes)]
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
        description="How long the server took to answer; null while it does not answer."
    )
    clock_skew_seconds: float | None
    conflicts: int | None
    wal_bytes_per_second: float | None
    longest_transaction_seconds: float | None
    replayed_until: datetime | None
    seen_at: datetime | None
    copied_anew_at: datetime | None = Field(
        description="When the server was copied again automatically because "
        "its log was damaged."
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
        description="Whether a replica takes over automatically; null without Patroni."
    )
    acknowledgements: int | None = Field(
        description="Number of replicas that a commit waits for."
    )
    nodes: list[NodeShown]


class SampleShown(Shown):
    """The state of one server at a time, or over a span with its worst values."""

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
    """A drill that caused a change of the primary, and who ran it."""

    id: UUID
    kind: str
    actor_name: str


class OperationShown(Shown):
    """An operation on the servers, or an incident, and what it cost."""

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
        description="For a failover that nobody requested: the drill that caused it."
    )


class HistoryShown(Shown):
    """Operations, the newest first."""

    operations: list[OperationShown]


class AlertShown(Shown):
    """Something that was wrong with the servers, from beginning to end."""

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
    """Return the state of the servers as the API shows it."""
    return {
        "taken_at": snapshot.taken_at,
        "verdict": verdict,
        "is_automatic": snapshot.is_automatic,
        "acknowledgements": snapshot.acknowledgements,
        "nodes": list(map(NodeShown.of, snapshot.nodes)),
    }
