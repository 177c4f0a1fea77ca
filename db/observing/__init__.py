"""Sees all servers at once: what they say themselves, and what others say of them."""

from db.observing.lookout import Lookout
from db.observing.observer import Observer
from db.observing.sights import Behind, NodeSight, Sight, SlotSight, SyncKind, Tags

__all__ = [
    "Behind",
    "Lookout",
    "NodeSight",
    "Observer",
    "Sight",
    "SlotSight",
    "SyncKind",
    "Tags",
]
