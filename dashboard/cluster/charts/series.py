"""Points for the charts: from memory, or from the samples that were kept.

Times are milliseconds on the clinic's clock, as if it were UTC: a chart then shows the
clinic's time in whatever zone the browser is.

Live charts are drawn every second for each page that shows them, and most of that was
to make the same points again. So whoever looks at the same second gets the same points,
and what is made of points is made once.
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
# How many charts' points, and what is made of them, are kept for the next one to look.
SHARED: Final = 8
# Looks are a second apart; a busy server may be late with some.
_GAP: Final = timedelta(seconds=5)


@dataclass(frozen=True, eq=False, slots=True)
class Points:
    """Points of charts: columns as COLUMNS, a row for each server and moment."""

    frame: pd.DataFrame


def as_sent(frame: pd.DataFrame) -> pa.Table:
    """Return the rows as they are sent to browsers, without their numbers."""
    return pa.Table.from_pandas(frame, preserve_index=False, nthreads=1)


@dataclass(frozen=True, slots=True)
class Looks:
    """What this process saw of the servers in a row, the oldest first.

    A process looks once at a time, so these tell one row from another.
    """

    first: datetime
    last: datetime
    count: int
    snapshots: Sequence[ClusterSnapshot] = field(compare=False, repr=False)

    @classmethod
    def of(cls, snapshots: Sequence[ClusterSnapshot]) -> "Looks | None":
        """Return them as a row; None if there are none."""
        if not snapshots:
            return None
        first, last = snapshots[0].taken_at, snapshots[-1].taken_at
        return cls(first, last, len(snapshots), snapshots)

    def in_the_last(self, length: timedelta) -> "Looks":
        """Return the end of the row, as long as that: one for each last look."""
        since = self.last - length
        return Looks.of([s for s in self.snapshots if s.taken_at >= since]) or self


@lru_cache(maxsize=SHARED)
def is_whole(looks: Looks, length: timedelta) -> bool:
    """Tell whether this process has looked all the time, so long back from the last."""
    since = looks.last - length
    timestamps = [since, *(snapshot.taken_at for snapshot in looks.snapshots)]
    return all(later - earlier <= _GAP for earlier, later in pairwise(timestamps))


@lru_cache(maxsize=SHARED)
def of_looks(looks: Looks) -> Points:
    """Return what was seen, the same for whoever asks for the same."""
    return of_snapshots(looks.snapshots)


def of_snapshots(snapshots: Iterable[ClusterSnapshot]) -> Points:
    """Return what was seen, a row for each server and look."""
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
    """Return what was kept, a row for each server and span."""
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


def filled(remembered: Points, kept: Points) -> Points:
    """Return what is remembered and, for the seconds that are missing, what was kept.

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
    """Return what was kept and, after its end, what is only remembered.

    While nobody leads nothing can be kept, and the charts go on all the same.
    """
    if kept.frame.empty:
        return remembered
    last = kept.frame["at"].max()
    newer = remembered.frame[remembered.frame["at"] > last]
    if newer.empty:
        return kept
    return Points(pd.concat([kept.frame, newer], ignore_index=True))


def led_meanwhile(points: Points) -> tuple[tuple[str, datetime, datetime], ...]:
    """Return which servers led for a part of the time only, and from when to when."""
    nodes, roles = points.frame["node"], points.frame["role"]
    is_primary = roles == "primary"
    # Most of the time nobody did both, which is known without a table of who did.
    led = set(nodes[is_primary]).intersection(nodes[roles == "replica"])
    when = {node: points.frame["at"][is_primary & (nodes == node)] for node in led}
    return tuple(
        (str(node), off_axis(when[node].min()), off_axis(when[node].max()))
        for node in sorted(led)
    )
