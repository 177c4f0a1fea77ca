"""The state of the servers for Prometheus: names of servers, and nobody's data."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from db.cluster.observing import ClusterSnapshot, NodeSnapshot
from db.cluster.statements import StatementTotals
from services.cluster.monitoring import verdict
from services.cluster.monitoring.counts import Counts

_Reading = Callable[[NodeSnapshot], float | None]

_OF_NODES: Final[Mapping[str, tuple[str, _Reading]]] = {
    "up": ("Whether the server answers.", lambda n: n.is_answering),
    "is_primary": (
        "Whether the server considers itself the primary; in a split brain, two do.",
        lambda n: n.is_answering and n.role == "primary",
    ),
    "streaming": (
        "Whether the server is receiving WAL from the primary.",
        lambda n: None if n.role == "primary" else n.is_streaming,
    ),
    "diverged": (
        "Whether the server has diverged from the others and must be rejoined.",
        lambda n: n.is_diverged,
    ),
    "timeline": ("Timeline of the server.", lambda n: n.timeline),
    "delay_seconds": (
        "Intended replay delay of the server in seconds.",
        lambda n: n.tags.delayed_seconds,
    ),
    "late_seconds": (
        "How late the server's readers see changes, in seconds beyond its delay.",
        lambda n: None if n.role == "primary" else n.lag_seconds,
    ),
    "connections": ("Number of open connections.", lambda n: n.connections),
    "connections_max": ("Maximum number of connections.", lambda n: n.connections_max),
    "pool_busy": ("Number of Chartroom's connections in use.", lambda n: n.pool_busy),
    "pool_open": ("Number of Chartroom's open connections.", lambda n: n.pool_open),
    "disk_free_bytes": (
        "Free space on the server's disk in bytes.",
        lambda n: n.disk_free_bytes,
    ),
    "disk_bytes": ("Size of the server's disk in bytes.", lambda n: n.disk_total_bytes),
    "started_at_seconds": (
        "Start time of the server in seconds since the Unix epoch.",
        lambda n: n.started_at.timestamp() if n.started_at else None,
    ),
    "replay_paused": (
        "Whether replay is paused on the server.",
        lambda n: n.is_replay_paused,
    ),
    "clock_skew_seconds": (
        "The server's clock minus the web server's clock, in seconds.",
        lambda n: n.clock_skew_seconds,
    ),
    "conflicts": ("Number of queries cancelled by replay.", lambda n: n.conflicts),
    "wal_bytes_per_second": (
        "WAL written by the primary, in bytes per second.",
        lambda n: n.wal_bytes_per_second,
    ),
    "longest_transaction_seconds": (
        "Age of the oldest open transaction in seconds.",
        lambda n: n.longest_transaction_seconds,
    ),
}


class ServerMetrics(Collector):
    """One snapshot of the servers, with counts from a database if one answered."""

    def __init__(
        self,
        snapshot: ClusterSnapshot,
        counts: Counts | None,
        statements: Mapping[str, StatementTotals],
    ) -> None:
        self._snapshot = snapshot
        self._counts = counts
        self._statements = statements

    def collect(self) -> Iterator[Metric]:
        """Yield every gauge."""
        yield from self._of_cluster()
        for name, (words, reading) in _OF_NODES.items():
            gauge = GaugeMetricFamily(f"chartroom_node_{name}", words, labels=["node"])
            for node in self._snapshot.nodes:
                value = reading(node)
                if value is not None:
                    gauge.add_metric([node.name], float(value))
            yield gauge
        yield from self._lags()
        yield self._slots()
        yield from self._totals()
        if self._counts is not None:
            yield from _counted(self._counts)

    def _of_cluster(self) -> Iterator[Metric]:
        snapshot = self._snapshot
        gauges: tuple[tuple[str, str, float | None], ...] = (
            ("safe", "Whether the records are safe.", verdict(snapshot).is_safe),
            (
                "quorum",
                "Whether a server leads and enough replicas acknowledge its commits.",
                snapshot.has_quorum,
            ),
            (
                "acknowledgements",
                "Number of replicas that a commit waits for.",
                snapshot.acknowledgements,
            ),
            (
                "automatic_failover",
                "Whether a replica takes over automatically.",
                snapshot.is_automatic,
            ),
            (
                "etcd",
                "Whether etcd answers; without it, no replica takes over.",
                snapshot.is_etcd_answering,
            ),
            (
                "look_seconds",
                "Duration of the last look at the servers in seconds.",
                snapshot.took_seconds,
            ),
        )
        for name, words, value in gauges:
            if value is not None:
                yield GaugeMetricFamily(
                    f"chartroom_cluster_{name}", words, value=float(value)
                )

    def _lags(self) -> Iterator[Metric]:
        labels = ["node", "stage"]
        seconds = GaugeMetricFamily(
            "chartroom_node_lag_seconds",
            "Replication lag by stage in seconds; 0 while nothing is written.",
            labels=labels,
        )
        size = GaugeMetricFamily(
            "chartroom_node_lag_bytes",
            "Replication lag by stage in bytes of WAL.",
            labels=labels,
        )
        for node in self._snapshot.nodes:
            for stage in ("write", "flush", "replay"):
                behind = getattr(node, stage)
                if behind.seconds is not None:
                    seconds.add_metric([node.name, stage], behind.seconds)
                if behind.bytes is not None:
                    size.add_metric([node.name, stage], behind.bytes)
        yield from (seconds, size)

    def _totals(self) -> Iterator[Metric]:
        calls = CounterMetricFamily(
            "chartroom_node_statements",
            "Number of statements executed for Chartroom since statistics were reset.",
            labels=["node"],
        )
        seconds = CounterMetricFamily(
            "chartroom_node_statement_seconds",
            "Execution time of statements for Chartroom since statistics were reset.",
            labels=["node"],
        )
        for node, totals in self._statements.items():
            calls.add_metric([node], totals.calls)
            seconds.add_metric([node], totals.total_ms / 1000)
        yield from (calls, seconds)

    def _slots(self) -> Metric:
        gauge = GaugeMetricFamily(
            "chartroom_node_slot_retained_bytes",
            "WAL retained for a replication slot, in bytes.",
            labels=["node", "slot"],
        )
        for node in self._snapshot.nodes:
            for slot in node.slots:
                gauge.add_metric([node.name, slot.name], slot.retained_bytes)
        return gauge


def _counted(counts: Counts) -> Iterator[Metric]:
    alerts = GaugeMetricFamily(
        "chartroom_alerts_open", "Number of open alerts by kind.", labels=["kind"]
    )
    for kind, number in counts.open_alerts.items():
        alerts.add_metric([kind], number)
    yield alerts
    for name, words, by in (
        (
            "cluster_operations",
            "Number of operations on the servers so far, by kind and state.",
            counts.operations,
        ),
        ("drills", "Number of drills so far, by kind and state.", counts.drills),
    ):
        gauge = GaugeMetricFamily(f"chartroom_{name}", words, labels=["kind", "state"])
        for (kind, state), number in by.items():
            gauge.add_metric([kind, state], number)
        yield gauge
    if counts.downtime_seconds is not None:
        yield GaugeMetricFamily(
            "chartroom_cluster_last_downtime_seconds",
            "How long writes waited at the last change of the primary, in seconds.",
            value=counts.downtime_seconds,
        )
