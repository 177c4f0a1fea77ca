"""Sees all servers at once: what each reports of itself, and others report of it."""

from db.cluster.observing.monitor import ClusterMonitor as ClusterMonitor
from db.cluster.observing.observer import Observer as Observer
from db.cluster.observing.snapshot import (
    Behind as Behind,
    ClusterSnapshot as ClusterSnapshot,
    NodeSnapshot as NodeSnapshot,
    SlotSnapshot as SlotSnapshot,
    Tags as Tags,
)
