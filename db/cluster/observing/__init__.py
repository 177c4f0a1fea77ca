"""Sees all servers at once: what they say themselves, and what others say of them."""

from db.cluster.observing.monitor import ClusterMonitor
from db.cluster.observing.observer import Observer
from db.cluster.observing.snapshot import (
    Behind,
    ClusterSnapshot,
    NodeSight,
    SlotSight,
    SyncKind,
    Tags,
)

__all__ = [
    "Behind",
    "ClusterMonitor",
    "ClusterSnapshot",
    "NodeSight",
    "Observer",
    "SlotSight",
    "SyncKind",
    "Tags",
]
