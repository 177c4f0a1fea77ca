"""What the rules judge, read off a sight of the servers."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from db.cluster.observing import ClusterSnapshot, NodeSight
from services.cluster.alerts.records import AlertKind, Measure

_GIGABYTE: Final = 1_000_000_000
_HOUR: Final = 3600.0


def measure(
    sight: ClusterSnapshot,
    before: ClusterSnapshot | None,
    *,
    backup_age: timedelta | None = None,
) -> tuple[Measure, ...]:
    """Return every measure of a sight; `before` is the one before it."""
    return (
        _quorum(sight),
        *(found for node in sight.nodes for found in _of_node(node, sight)),
        *_conflicts(sight, before),
        _backup(backup_age),
    )


def _quorum(sight: ClusterSnapshot) -> Measure:
    told = "No server takes changes."
    if sight.primary is not None:
        told = "Changes wait for replicas that do not acknowledge them."
    return Measure(AlertKind.NO_QUORUM, None, float(not sight.has_quorum), told)


def _of_node(node: NodeSight, sight: ClusterSnapshot) -> Iterator[Measure]:
    if node is not sight.primary:
        yield _lag(node)
        # While nobody leads nobody can follow: that is another alert.
        gone = None if sight.primary is None else float(not node.is_streaming)
        yield Measure(
            AlertKind.REPLICA_GONE, node.name, gone, f"{node.name} is {node.state}."
        )
    yield _kept_log(node)
    yield _disk(node)
    yield _clock(node)


def _lag(node: NodeSight) -> Measure:
    # One that is late on purpose takes its time to catch up after somebody held it.
    is_late = node.tags.is_delayed or not node.is_answering
    seconds = None if is_late else node.lag_seconds
    told = f"{node.name} is {seconds or 0:.0f} s behind."
    return Measure(AlertKind.LAG, node.name, seconds, told)


def _kept_log(node: NodeSight) -> Measure:
    kept = node.retained_bytes
    if kept is None and node.is_answering:
        kept = 0
    told = f"{node.name} keeps {(kept or 0) / _GIGABYTE:.1f} GB of log for a slot."
    return Measure(AlertKind.SLOT_RETAINS, node.name, kept, told)


def _disk(node: NodeSight) -> Measure:
    used = node.disk_used
    told = f"The disk of {node.name} is {used or 0:.0%} full."
    return Measure(AlertKind.DISK, node.name, used, told)


def _clock(node: NodeSight) -> Measure:
    skew = node.clock_skew_seconds
    seconds = None if skew is None else abs(skew)
    told = f"The clock of {node.name} is {seconds or 0:.1f} s off."
    return Measure(AlertKind.CLOCK_SKEW, node.name, seconds, told)


def _conflicts(
    sight: ClusterSnapshot, before: ClusterSnapshot | None
) -> Iterator[Measure]:
    for node in sight.replicas:
        former = before.node(node.name) if before is not None else None
        count = None
        if node.conflicts is not None and former and former.conflicts is not None:
            # A server that restarted may count from nothing.
            count = max(0, node.conflicts - former.conflicts)
        told = f"Replay on {node.name} has cancelled queries there."
        yield Measure(AlertKind.CONFLICT, node.name, count, told)


def _backup(age: timedelta | None) -> Measure:
    seconds = None if age is None else age.total_seconds()
    told = f"The newest backup is {(seconds or 0) / _HOUR:.0f} h old."
    return Measure(AlertKind.BACKUP_TOO_OLD, None, seconds, told)
