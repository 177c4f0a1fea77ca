"""The local cluster: etcd, three PostgreSQL nodes under Patroni, and MongoDB.

Everything comes from wheels, listens on 127.0.0.1 only and lives in one data folder.
"""

from db.embedded.cluster import (
    Cluster,
    attach,
    published_at,
    running,
    start,
    start_within,
)
from db.embedded.cluster_addresses import Addresses
from db.embedded.control.control_client import (
    ClusterReport,
    Control,
    ControlRefused,
    ControlUnreachable,
    DrillProgress,
    NodeReport,
)
from db.embedded.data_folder import CannotStart, DataFolder
from db.embedded.faults.fault_kinds import Fault
from db.embedded.servers.postgres_nodes import Node

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
