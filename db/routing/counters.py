"""What routing counts, for /metrics."""

from prometheus_client import Counter, Gauge

READS = Counter(
    "chartroom_reads",
    "Reads begun, by the server that answers and its role; the share of replicas is "
    'role="replica" over all.',
    ["node", "role"],
)
LSN_WAITS = Counter(
    "chartroom_lsn_waits",
    "Reads that had to see an earlier write: a replica was known to have it "
    "(remembered), was asked and waited for (waited), or the primary answered.",
    ["outcome"],
)
RETRIES = Counter(
    "chartroom_database_retries",
    "Operations tried again, by what happened to them.",
    ["operation", "trouble"],
)
POOL = Gauge(
    "chartroom_pool_connections",
    "Connections of each pool, in use and idle.",
    ["pool", "state"],
)
