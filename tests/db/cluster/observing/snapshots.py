"""Observed servers, as a test wants them."""

from datetime import UTC, datetime
from typing import Any

from db.cluster.observing import Behind, ClusterSnapshot, NodeSnapshot
from db.postgres import Lsn

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def primary(name: str = "db-01", **facts: Any) -> NodeSnapshot:
    """Return the primary, on timeline 7."""
    usual = {"state": "leading on timeline 7", "timeline": 7, "lsn": Lsn(1000)}
    return NodeSnapshot(name, "primary", is_answering=True, **usual | facts)


def replica(
    name: str = "db-02", *, lag: float = 0.0, missing: int = 0, **facts: Any
) -> NodeSnapshot:
    """Return a streaming replica."""
    usual: dict[str, Any] = {
        "state": "streaming on timeline 7",
        "timeline": 7,
        "is_answering": True,
        "is_streaming": True,
        "sync": "quorum",
        "upstream": "db-01",
        "replay": Behind(lag, missing),
        "conflicts": 0,
    }
    return NodeSnapshot(name, "replica", **usual | facts)


def silent(name: str = "db-03", **facts: Any) -> NodeSnapshot:
    """Return a server that does not answer."""
    return NodeSnapshot(name, **facts)


def snapshot(*nodes: NodeSnapshot, **facts: Any) -> ClusterSnapshot:
    """Return a snapshot of them at noon; a commit waits for one replica."""
    usual = {"acknowledgements": 1, "has_patroni": True, "is_automatic": True}
    usual["is_patroni_answering"] = True
    return ClusterSnapshot(facts.pop("taken_at", NOON), nodes, **usual | facts)
