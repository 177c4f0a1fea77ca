"""The local cluster: etcd, three PostgreSQL nodes under Patroni, and MongoDB.

Everything comes from wheels, listens on 127.0.0.1 only and lives in one data folder.
"""

from db.embedded.addresses import Addresses
from db.embedded.cluster import Cluster, attach, running, start, start_within
from db.embedded.folder import CannotStart, DataFolder
from db.embedded.nodes import Node

__all__ = [
    "Addresses",
    "CannotStart",
    "Cluster",
    "DataFolder",
    "Node",
    "attach",
    "running",
    "start",
    "start_within",
]
