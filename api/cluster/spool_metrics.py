"""What a web server keeps for the audit log, as Prometheus collects it."""

from collections.abc import Iterator
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from db.spool_files import Waiting


class SpoolMetrics(Collector):
    """What waits on this machine at a moment, by our clock: numbers and no names."""

    def __init__(self, waiting: Waiting, now: datetime) -> None:
        self._waiting = waiting
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Yield every gauge."""
        waiting, age = self._waiting, 0.0
        if waiting.oldest_at is not None:
            age = max(0.0, (self._now - waiting.oldest_at).total_seconds())
        for name, words, value in (
            (
                "records",
                "Looks kept on this server's disk until the audit log can be told.",
                waiting.records,
            ),
            ("oldest_seconds", "Age of the oldest of them; 0 without any.", age),
            (
                "damaged_files",
                "Files of such looks that somebody has changed.",
                waiting.damaged,
            ),
        ):
            yield GaugeMetricFamily(f"chartroom_audit_spool_{name}", words, value=value)
