"""Servers as they may be observed: healthy, lagging, lost, without a leader."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from db.cluster.observing import (
    Behind,
    ClusterSnapshot,
    NodeSnapshot,
    SlotSnapshot,
    Tags,
)
from db.postgres import Lsn

AT = datetime(2026, 11, 20, 10, 31, 4, tzinfo=UTC)
FENCED = {
    "ttl": 20,
    "loop_wait": 1,
    "retry_timeout": 3,
    "primary_start_timeout": 0,
    "synchronous_mode": "quorum",
}


def primary(name: str = "db-01", **facts: Any) -> NodeSnapshot:
    """Return a primary."""
    given = {
        "role": "primary",
        "state": "leading on timeline 7",
        "is_answering": True,
        "timeline": 7,
        "lsn": Lsn.parse("0/5000148"),
        "wal_bytes_per_second": 1200.0,
        "slots": (SlotSnapshot("db_02", True, 2048, holder="db-02"),),
    }
    return NodeSnapshot(name, **given | facts)


def replica(name: str, seconds: float = 0.0, **facts: Any) -> NodeSnapshot:
    """Return a replica that streams from db-01 with this lag in seconds."""
    behind = Behind(seconds, int(seconds * 1000))
    given = {
        "role": "replica",
        "state": "streaming on timeline 7",
        "is_answering": True,
        "is_streaming": True,
        "sync": "quorum",
        "upstream": "db-01",
        "timeline": 7,
        "lsn": Lsn.parse("0/5000148"),
        "write": behind,
        "flush": behind,
        "replay": behind,
    }
    return NodeSnapshot(name, **given | facts)


def delayed(name: str = "db-04") -> NodeSnapshot:
    """Return a delayed standby."""
    tags = Tags(nofailover=True, nosync=True, delayed_seconds=900.0)
    return replica(name, 900.0, tags=tags, sync="async")


def lost(name: str, seconds: float = 12.0) -> NodeSnapshot:
    """Return a server that has not answered for this many seconds."""
    return NodeSnapshot(name, seen_at=AT - timedelta(seconds=seconds))


def snapshot(*nodes: NodeSnapshot, **facts: Any) -> ClusterSnapshot:
    """Return a snapshot of these servers under Patroni, in quorum mode."""
    given = {
        "acknowledgements": 1,
        "has_patroni": True,
        "is_patroni_answering": True,
        "is_automatic": True,
        "settings": FENCED,
    }
    return ClusterSnapshot(AT, nodes, **given | facts)


def healthy() -> ClusterSnapshot:
    """Return a primary and two replicas without lag."""
    return snapshot(primary(), replica("db-02"), replica("db-03"))


def leaderless(seconds: float = 12.0) -> ClusterSnapshot:
    """Return a lost primary that nobody has replaced."""
    whole = snapshot(
        lost("db-01", seconds),
        replica("db-02", is_streaming=False, state="running, nobody leads"),
        acknowledgements=None,
    )
    return replace(whole, leaderless_since=AT - timedelta(seconds=seconds))
