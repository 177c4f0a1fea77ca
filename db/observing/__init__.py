"""Sees all servers at once: what they say themselves, and what others say of them."""

from db.observing.lookout import ClusterMonitor
from db.observing.observer import Observer
from db.observing.sights import (
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
