"""How the servers that keep the records are: now, lately, and what it cost."""

from services.cluster.monitoring.events import Event, list_events
from services.cluster.monitoring.failovers import (
    LeaderChange,
    close_abandoned,
    leader_change,
    note_failover,
)
from services.cluster.monitoring.operations import (
    Operation,
    get_operation,
    list_operations,
)
from services.cluster.monitoring.reading import read_samples, record_look
from services.cluster.monitoring.samples import Sample, record, samples_of
from services.cluster.monitoring.thinning import thin
from services.cluster.monitoring.verdicts import ReplicationVerdict, verdict

__all__ = [
    "Event",
    "LeaderChange",
    "Operation",
    "ReplicationVerdict",
    "Sample",
    "close_abandoned",
    "get_operation",
    "leader_change",
    "list_events",
    "list_operations",
    "note_failover",
    "read_samples",
    "record",
    "record_look",
    "samples_of",
    "thin",
    "verdict",
]
