"""The local cluster: etcd, three PostgreSQL nodes under Patroni, and MongoDB.

Everything comes from wheels, listens on 127.0.0.1 only and lives in one data folder.
"""

from db.embedded.cluster import (
    Cluster as Cluster,
    attach as attach,
    files_alone as files_alone,
    published_at as published_at,
    running as running,
    start as start,
    start_within as start_within,
)
from db.embedded.cluster_addresses import Addresses as Addresses
from db.embedded.data_folder import (
    CannotStart as CannotStart,
    DataFolder as DataFolder,
    resolve_folder as resolve_folder,
    translate_os_errors as translate_os_errors,
)
from db.embedded.interruption import ending_as_by_ctrl_c as ending_as_by_ctrl_c
from db.embedded.servers.postgres_nodes import Node as Node
