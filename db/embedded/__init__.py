"""The local cluster: etcd, three PostgreSQL nodes under Patroni, and MongoDB.

Everything comes from wheels, listens on 127.0.0.1 only and lives in one data folder.
"""

from db.embedded.addresses import Addresses
from db.embedded.cluster import (
    Cluster,
    attach,
    published_at,
    running,
    start,
    start_within,
)
from db.embedded.control import (
    ClusterReport,
    Control,
    ControlRefused,
    ControlUnreachable,
    DrillProgress,
    NodeReport,
)
from db.embedded.faults import Fault
from db.embedded.folder import CannotStart, DataFolder
from db.embedded.nodes import Node

__all__ = [
    "Addresses",
    "CannotStart",
    "Cluster",
    "ClusterReport",
    "Control",
    "ControlRefused",
    "ControlUnreachable",
    "DataFolder",
    "DrillProgress",
    "Fault",
    "Node",
    "NodeReport",
    "attach",
    "published_at",
    "running",
    "start",
    "start_within",
]
