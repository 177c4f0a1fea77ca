"""What routing counts, for /metrics."""

from prometheus_client import Counter, Gauge, Histogram

READS = Counter(
    "chartroom_reads",
    "Number of reads started, by the server that answers and its role; the share "
    'of replicas is role="replica" over all.',
    ["node", "role"],
)
LSN_WAITS = Counter(
    "chartroom_lsn_waits",
    "Number of reads that had to include an earlier write: a replica was known to "
    "have it (remembered), was asked and waited for (waited), or the primary "
    "answered.",
    ["outcome"],
)
SECONDS = Histogram(
    "chartroom_database_seconds",
    "Duration of reads and writes in seconds, including retries and the wait for a "
    "connection.",
    ["operation"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30),
)
RETRIES = Counter(
    "chartroom_database_retries",
    "Number of retried operations, by the failure that caused the retry.",
    ["operation", "trouble"],
)
POOL = Gauge(
    "chartroom_pool_connections",
    "Number of connections in each pool, in use and idle.",
    ["pool", "state"],
)
