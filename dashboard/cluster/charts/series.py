"""Points for the charts: from memory, or from the samples that were kept.

Times are milliseconds on the clinic's clock, as if it were UTC: a chart then shows the
clinic's time in whatever zone the browser is.

Live charts are drawn every second for each page that shows them, and most of the time
went into making the same points again. So everybody looking at the same second gets the
same points, and what is derived from points is computed once.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Final

import pandas as pd
import pyarrow as pa

from dashboard.ui.clock import off_axis, on_axis
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
# For how many charts points and what is derived from them are cached for the next
# viewer.
SHARED: Final = 8
# Looks are a second apart; on a busy server a few may be late.
_GAP: Final = timedelta(seconds=5)
# How many usual steps make a gap, and which part of all steps is at most a usual one.
_MISSED: Final = 3
_MOST_STEPS: Final = 0.9


@dataclass(frozen=True, eq=False, slots=True)
class Points:
    """Points of charts: columns as COLUMNS, a row for each server and time."""

    frame: pd.DataFrame


def as_sent(frame: pd.DataFrame) -> pa.Table:
    """Return the rows as they are sent to browsers, without the index."""
    return pa.Table.from_pandas(frame, preserve_index=False, nthreads=1)


@dataclass(frozen=True, slots=True)
class Looks:
    """A series of this process's looks at the servers, the oldest first.

    A process looks once at a time, so these fields identify a series.
    """

    first: datetime
    last: datetime
    count: int
    snapshots: Sequence[ClusterSnapshot] = field(compare=False, repr=False)

    @classmethod
    def of(cls, snapshots: Sequence[ClusterSnapshot]) -> "Looks | None":
        """Return the snapshots as a series; None without any."""
        if not snapshots:
            return None
        first, last = snapshots[0].taken_at, snapshots[-1].taken_at
        return cls(first, last, len(snapshots), snapshots)

    def in_the_last(self, length: timedelta) -> "Looks":
        """Return the end of the series, of this length before its last look."""
        since = self.last - length
        return Looks.of([s for s in self.snapshots if s.taken_at >= since]) or self


@lru_cache(maxsize=SHARED)
def is_whole(looks: Looks, length: timedelta) -> bool:
    """Return whether this process has looked without gaps for this long."""
    since = looks.last - length
    timestamps = [since, *(snapshot.taken_at for snapshot in looks.snapshots)]
    return all(later - earlier <= _GAP for earlier, later in pairwise(timestamps))


@lru_cache(maxsize=SHARED)
def of_looks(looks: Looks) -> Points:
    """Return the points of the looks; for the same looks the same points."""
    return of_snapshots(looks.snapshots)


def of_snapshots(snapshots: Iterable[ClusterSnapshot]) -> Points:
    """Return the points of snapshots, a row for each server and look."""
    rows = [row for snapshot in snapshots for row in _rows(snapshot)]
    return Points(pd.DataFrame(rows, columns=list(COLUMNS)))


def _rows(snapshot: ClusterSnapshot) -> Iterator[tuple[object, ...]]:
    at, primary = on_axis(snapshot.taken_at), snapshot.primary
    for node in snapshot.nodes:
        yield at, node.name, *_values(node, leads=node is primary)


def _values(node: NodeSnapshot, *, leads: bool) -> tuple[object, ...]:
    if not node.is_heard_of:
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


def of_samples(samples: Iterable[Sample]) -> Points:
    """Return the points of samples, a row for each server and span."""
    rows = [
        (
            on_axis(sample.taken_at),
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
    return Points(pd.DataFrame(rows, columns=list(COLUMNS)))


NOTHING: Final = of_snapshots(())


def with_breaks(rows: pd.DataFrame, *, by: str | None = None) -> pd.DataFrame:
    """Return the rows of a line, or of one for each value of a column, with breaks.

    A chart connects one row to the next, also across the hours in which a clinic was
    down, as if somebody had measured that. A line breaks at a row without values: there
    is one where the next row is missing for three times as long as usual.
    """
    at = rows["at"] if by is None else rows.groupby(by)["at"]
    steps = at.diff()
    # The end of a series may have more rows than the rest.
    usual = float(steps.quantile(_MOST_STEPS))
    ends = rows[steps > max(_MISSED * usual, _GAP.total_seconds() * 1000)]
    if ends.empty:
        return rows
    breaks = ends[["at", "node"]].assign(at=ends["at"] - usual)
    return pd.concat([rows, breaks]).sort_values("at", ignore_index=True)


def filled(remembered: Points, kept: Points) -> Points:
    """Return remembered points and, for missing seconds, those from samples.

    This server remembers only the time in which somebody has watched.
    """
    if remembered.frame.empty or kept.frame.empty:
        return remembered if kept.frame.empty else kept
    seconds = remembered.frame["at"] // 1000
    missing = kept.frame[~(kept.frame["at"] // 1000).isin(seconds)]
    whole = pd.concat([missing, remembered.frame], ignore_index=True)
    return Points(whole.sort_values("at", ignore_index=True))


@lru_cache(maxsize=SHARED)
def joined(kept: Points, remembered: Points) -> Points:
    """Return points from samples and, after their end, the remembered ones.

    While nobody leads no sample can be kept, and the charts go on nevertheless.
    """
    if kept.frame.empty:
        return remembered
    last = kept.frame["at"].max()
    newer = remembered.frame[remembered.frame["at"] > last]
    if newer.empty:
        return kept
    return Points(pd.concat([kept.frame, newer], ignore_index=True))


def led_meanwhile(points: Points) -> tuple[tuple[str, datetime, datetime], ...]:
    """Return the servers that led for only a part of the time, and that part."""
    nodes, roles = points.frame["node"], points.frame["role"]
    is_primary = roles == "primary"
    # Usually no server was both, which is found out without a table of leaders.
    led = set(nodes[is_primary]).intersection(nodes[roles == "replica"])
    when = {node: points.frame["at"][is_primary & (nodes == node)] for node in led}
    return tuple(
        (str(node), off_axis(when[node].min()), off_axis(when[node].max()))
        for node in sorted(led)
    )
