"""The servers as they were seen at one time, and what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from db.cluster.patroni import PlannedSwitchover
from db.postgres import Lsn
from db.postgres.watching.nodes import Role

# How a primary treats a replica: a commit waits for any of the `quorum` ones, or for
# this one in particular (`sync`); `potential` ones are next in line, nobody waits for
# `async` ones.
SyncKind = Literal["quorum", "sync", "potential", "async"]


# Patroni asks etcd at least every ten seconds, and waits up to ten more for it.
_ETCD_SILENT_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class SlotSnapshot:
    """A replication slot: log that its server keeps for a follower.

    `holder` is the node it is kept for, if it is known; `status` is PostgreSQL's word
    for whether the log is still there: reserved, extended, unreserved or lost.
    """

    name: str
    is_active: bool
    retained_bytes: int
    status: str | None = None
    holder: str | None = None


@dataclass(frozen=True, slots=True)
class Tags:
    """What somebody decided about a node: never lead, never be waited for, be late.

    Nobody counts on a node that is late on purpose; by how much is not known while its
    replay is paused, unless it was seen before.
    """

    nofailover: bool = False
    nosync: bool = False
    is_delayed: bool = False
    delayed_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Behind:
    """How far a replica is behind the primary, in one respect; 0 when idle."""

    seconds: float | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class NodeSnapshot:
    """One server, as it was seen or as others reported it. None is "not known".

    `state` is an accurate phrase. A server that no setting names, known from its
    upstream only, is not `is_listed`. `lsn` is how far its data reaches: the end of the
    primary's log, or what a replica has replayed; `received_lsn` what it has on disk.
    """

    name: str
    role: Role | None = None
    state: str = "not answering"
    is_answering: bool = False
    is_streaming: bool = False
    is_listed: bool = True
    # Its site, if it is at another one that follows this one.
    site: str | None = None
    is_diverged: bool = False
    sync: SyncKind | None = None
    upstream: str | None = None
    tags: Tags = Tags()
    version: str | None = None
    timeline: int | None = None
    lsn: Lsn | None = None
    received_lsn: Lsn | None = None
    # Received but perhaps in memory only; on disk; visible to readers.
    write: Behind = Behind()
    flush: Behind = Behind()
    replay: Behind = Behind()
    connections: int | None = None
    connections_max: int | None = None
    # Chartroom's own, of all its processes: busy ones, and all that are open.
    pool_busy: int | None = None
    pool_open: int | None = None
    disk_free_bytes: int | None = None
    disk_total_bytes: int | None = None
    slots: tuple[SlotSnapshot, ...] = ()
    started_at: datetime | None = None
    is_replay_paused: bool = False
    # How long it took to answer the last look.
    latency_seconds: float | None = None
    # Its clock minus ours.
    clock_skew_seconds: float | None = None
    # Queries that replay has cancelled since the server's statistics began.
    conflicts: int | None = None
    wal_bytes_per_second: float | None = None
    longest_transaction_seconds: float | None = None
    # When its newest visible commit was made; meaningless while nobody writes.
    replayed_until: datetime | None = None
    # When it last answered, by our clock.
    seen_at: datetime | None = None
    # Patroni's own word for its state, and whether a restart would change its settings.
    member_state: str | None = None
    is_restart_pending: bool = False
    # When it copied itself anew because its log was damaged.
    copied_anew_at: datetime | None = None

    @property
    def is_heard_of(self) -> bool:
        """Whether it answers or, at another site, the primary reports its position."""
        return self.is_answering or (self.site is not None and self.is_streaming)

    @property
    def retained_bytes(self) -> int | None:
        """The most log that the server keeps for one slot."""
        return max((slot.retained_bytes for slot in self.slots), default=None)

    @property
    def disk_used(self) -> float | None:
        """The share of the server's disk that is used."""
        if self.disk_free_bytes is None or not self.disk_total_bytes:
            return None
        return 1 - self.disk_free_bytes / self.disk_total_bytes

    @property
    def lag_seconds(self) -> float | None:
        """How late readers see changes there, beyond its intended delay."""
        if self.replay.seconds is None:
            return None
        if self.tags.is_delayed and self.is_replay_paused:
            return 0.0  # Somebody looks at it as it was.
        return max(0.0, self.replay.seconds - self.tags.delayed_seconds)


@dataclass(frozen=True, slots=True)
class ClusterSnapshot:
    """All servers at one time, by our clock.

    `acknowledgements` is how many replicas a commit waits for; None if nobody leads.
    `is_automatic` says whether Patroni fails over by itself, None without Patroni or
    while it does not answer; `planned` is the switchover that it will make by itself,
    `settings` are Patroni's, and `timeline_ends` is where, according to it, each former
    timeline ended. `leaderless_since` is the first look at which nobody led, None while
    somebody does.
    """

    taken_at: datetime
    nodes: tuple[NodeSnapshot, ...]
    took_seconds: float = 0.0
    acknowledgements: int | None = None
    has_patroni: bool = False
    is_patroni_answering: bool | None = None
    is_automatic: bool | None = None
    planned: PlannedSwitchover | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    timeline_ends: Mapping[int, Lsn] = field(default_factory=dict)
    leaderless_since: datetime | None = None
    etcd_seen_at: datetime | None = None

    @property
    def etcd_silent_seconds(self) -> float | None:
        """For how many seconds etcd has answered no Patroni; None without Patroni."""
        if self.etcd_seen_at is None:
            return None
        return max(0.0, (self.taken_at - self.etcd_seen_at).total_seconds())

    @property
    def is_etcd_answering(self) -> bool | None:
        """Whether etcd answers; None without Patroni, or before it was asked."""
        silent = self.etcd_silent_seconds
        return None if silent is None else silent <= _ETCD_SILENT_SECONDS

    @property
    def primary(self) -> NodeSnapshot | None:
        """The server that leads; of several that claim to, the newest timeline's."""
        leading = [n for n in self.nodes if n.is_answering and n.role == "primary"]
        return max(leading, key=lambda node: node.timeline or 0, default=None)

    @property
    def replicas(self) -> tuple[NodeSnapshot, ...]:
        """All other servers of this site, whether they answer or not."""
        primary = self.primary
        return tuple(n for n in self.nodes if n is not primary and n.site is None)

    @property
    def sites(self) -> tuple[NodeSnapshot, ...]:
        """Other sites that follow this one, or should; nothing here relies on them."""
        return tuple(node for node in self.nodes if node.site is not None)

    @property
    def timeline(self) -> int | None:
        """The timeline of the primary."""
        return self.primary.timeline if self.primary else None

    @property
    def has_quorum(self) -> bool:
        """Whether there is a primary and enough replicas acknowledge its commits."""
        if self.primary is None:
            return False
        waited_for = [n for n in self.nodes if n.sync in {"quorum", "sync"}]
        able = [n for n in waited_for if n.is_streaming]
        return len(able) >= (self.acknowledgements or 0)

    def node(self, name: str) -> NodeSnapshot | None:
        """Return a server by its name."""
        return next((node for node in self.nodes if node.name == name), None)
