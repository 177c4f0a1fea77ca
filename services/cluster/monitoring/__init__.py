"""The servers that keep the records: their state, their recent past, and operations."""

from db.cluster.observing import (
    Behind as Behind,
    ClusterSnapshot as ClusterSnapshot,
    NodeSnapshot as NodeSnapshot,
)
from db.cluster.site_position import SitePosition as SitePosition
from db.mongo.replica_set import FilesMember as FilesMember, FilesState as FilesState
from services.cluster.monitoring.events import (
    Event as Event,
    list_events as list_events,
)
from services.cluster.monitoring.failovers import (
    LeaderChange as LeaderChange,
    close_abandoned as close_abandoned,
    leader_change as leader_change,
    note_failover as note_failover,
)
from services.cluster.monitoring.operations import (
    Operation as Operation,
    get_operation as get_operation,
    list_operations as list_operations,
)
from services.cluster.monitoring.reading import (
    look_at_files as look_at_files,
    read_samples as read_samples,
    record_look as record_look,
)
from services.cluster.monitoring.samples import (
    Sample as Sample,
    record as record,
    samples_of as samples_of,
)
from services.cluster.monitoring.thinning import thin as thin
from services.cluster.monitoring.verdicts import (
    ReplicationVerdict as ReplicationVerdict,
    verdict as verdict,
)
