"""How the servers that keep the records are: now, lately, and what it cost."""

from services.replication.events import Event, list_events
from services.replication.failovers import (
    LeaderChange,
    close_abandoned,
    leader_change,
    note_failover,
)
from services.replication.looking import record_look
from services.replication.operations import Operation, get_operation, list_operations
from services.replication.reading import read_samples
from services.replication.samples import Sample, record, samples_of
from services.replication.thinning import thin
from services.replication.verdicts import ReplicationVerdict, verdict

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
