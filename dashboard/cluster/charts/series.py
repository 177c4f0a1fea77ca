"""Points for the charts: from memory, or from the samples that were kept.

Times are milliseconds on the clinic's clock, as if it were UTC: a chart then shows the
clinic's time in whatever zone the browser is.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

import pandas as pd

from dashboard.context import in_zone
from services.cluster.monitoring import ClusterSnapshot, NodeSnapshot, Sample

COLUMNS: Final = (
    "at",
    "node",
    "role",
    "replay",
    "replay_worst",
    "flush",
    "write",
    "bytes",
    "bytes_worst",
    "rate",
)


def on_clock(timestamp: datetime) -> float:
    """Return the moment as charts know it."""
    return in_zone(timestamp).replace(tzinfo=UTC).timestamp() * 1000


def off_clock(milliseconds: float) -> datetime:
    """Return the moment of a place on a chart's axis."""
    local = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return local.replace(tzinfo=in_zone(datetime.now(UTC)).tzinfo)


def of_snapshots(snapshots: Iterable[ClusterSnapshot]) -> pd.DataFrame:
    """Return what was seen, a row for each server and look."""
    rows = [row for snapshot in snapshots for row in _rows(snapshot)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _rows(snapshot: ClusterSnapshot) -> Iterator[tuple[object, ...]]:
    at, primary = on_clock(snapshot.taken_at), snapshot.primary
    for node in snapshot.nodes:
        yield at, node.name, *_values(node, leads=node is primary)


def _values(node: NodeSnapshot, *, leads: bool) -> tuple[object, ...]:
    if not node.is_answering:
        return (None,) * 8
    if leads:
        return ("primary", *(None,) * 6, node.wal_bytes_per_second)
    lag, late = node.lag_seconds, node.tags.delayed_seconds
    size = None if late else node.replay.bytes
    return (
        "replica",
        lag,
        lag,
        node.flush.seconds,
        node.write.seconds,
        size,
        size,
        None,
    )


def of_samples(samples: Iterable[Sample]) -> pd.DataFrame:
    """Return what was kept, a row for each server and span."""
    rows = [
        (
            on_clock(sample.taken_at),
            sample.node,
            sample.role,
            sample.replay_lag,
            sample.replay_lag_max,
            sample.flush_lag,
            sample.write_lag,
            sample.lag_bytes,
            sample.lag_bytes_max,
            sample.wal_rate,
        )
        for sample in samples
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def filled(remembered: pd.DataFrame, kept: pd.DataFrame) -> pd.DataFrame:
    """Return what is remembered and, for the seconds that are missing, what was kept.

    This server remembers only the time in which somebody has watched.
    """
    if remembered.empty or kept.empty:
        return remembered if kept.empty else kept
    missing = kept[~(kept["at"] // 1000).isin(remembered["at"] // 1000)]
    whole = pd.concat([missing, remembered], ignore_index=True)
    return whole.sort_values("at", ignore_index=True)


def joined(kept: pd.DataFrame, remembered: pd.DataFrame) -> pd.DataFrame:
    """Return what was kept and, after its end, what is only remembered.

    While nobody leads nothing can be kept, and the charts go on all the same.
    """
    if kept.empty:
        return remembered
    newer = remembered[remembered["at"] > kept["at"].max()]
    return kept if newer.empty else pd.concat([kept, newer], ignore_index=True)
