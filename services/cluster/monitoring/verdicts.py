"""One sentence on whether the records are safe, why not, and what to do next."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from db.cluster.observing import ClusterSnapshot, NodeSight

# A replica further behind than this is no good copy, whoever may lead next.
_MOST_LAG_SECONDS: Final = 10.0
_FULL_DISK: Final = 0.9
_NO_PRIMARY: Final = "no server takes changes"


@dataclass(frozen=True, slots=True)
class ReplicationVerdict:
    """What an administrator has to know first.

    `sentence` is the whole of it; `reason` what speaks against it, and `next_action`
    what to do: both empty when there is nothing.
    """

    is_safe: bool
    sentence: str
    reason: str = ""
    next_action: str = ""


@dataclass(frozen=True, slots=True)
class _Risk:
    reason: str
    next_action: str


def verdict(sight: ClusterSnapshot) -> ReplicationVerdict:
    """Judge a sight; of several risks the worst makes the sentence."""
    risk = next((risk for find in _RISKS for risk in find(sight)), None)
    if risk is not None:
        sentence = f"At risk: {risk.reason}."
        return ReplicationVerdict(False, sentence, risk.reason, risk.next_action)
    streaming = [node for node in sight.replicas if node.is_streaming]
    counted = (
        f"{len(streaming)} of {_counted(len(sight.replicas), 'replica')} streaming"
    )
    behind = max((_late_seconds(node) for node in streaming), default=0.0)
    sentence = f"Safe: {counted}, {behind:.1f} s behind."
    if sight.acknowledgements == 0:
        return ReplicationVerdict(True, sentence, *_NOT_WAITING)
    return ReplicationVerdict(True, sentence)


_NOT_WAITING: Final = (
    "commits wait for no replica, so the last of them are lost with the primary",
    "Set synchronous_mode to quorum if no acknowledged change may be lost.",
)


def _leaderless(sight: ClusterSnapshot) -> Iterator[_Risk]:
    if sight.primary is not None:
        return
    since = ""
    if sight.leaderless_since is not None:
        seconds = (sight.taken_at - sight.leaderless_since).total_seconds()
        since = f" for {seconds:.0f} s"
    if not any(node.is_answering for node in sight.nodes):
        yield _Risk(
            f"no database server answers{since}",
            "See whether the machines run and the network reaches them.",
        )
    else:
        yield _Risk(f"{_NO_PRIMARY}{since}", _without_primary(sight))


def _without_primary(sight: ClusterSnapshot) -> str:
    if sight.is_automatic is False:
        return (
            "Automatic failover is paused: resume it, or fail over to the replica "
            "that has most of the log."
        )
    if sight.is_patroni_answering:
        return "Wait: a replica takes over by itself. If none does, fail over by hand."
    if sight.has_patroni:
        return (
            "Patroni does not answer, so nobody takes over by itself: start Patroni "
            "and etcd, then see who leads."
        )
    return "Promote the replica that has most of the log; nobody does it by itself."


def _two_primaries(sight: ClusterSnapshot) -> Iterator[_Risk]:
    leading = [n for n in sight.nodes if n.is_answering and n.role == "primary"]
    former = [node for node in leading if node is not sight.primary]
    if former and sight.primary is not None:
        names = ", ".join(node.name for node in former)
        yield _Risk(
            f"{names} still takes itself for the primary beside {sight.primary.name}",
            f"Stop PostgreSQL on {names} now, then rejoin it: see the runbook on "
            "split brain.",
        )


def _single_copy(sight: ClusterSnapshot) -> Iterator[_Risk]:
    if not any(node.is_streaming for node in sight.replicas):
        primary = sight.primary.name if sight.primary else "one server"
        silent = _listed(sight.replicas)
        follow = f"Bring {silent} back, or rejoin it." if silent else "Add a replica."
        yield _Risk(
            f"no replica is streaming, the newest records are on {primary} only",
            follow,
        )


def _no_quorum(sight: ClusterSnapshot) -> Iterator[_Risk]:
    if not sight.has_quorum:
        yield _Risk(
            f"changes wait for {_counted(sight.acknowledgements or 0, 'replica')}, "
            "and too few acknowledge them",
            f"Bring {_listed(_not_streaming(sight))} back, or rejoin it.",
        )


def _diverged(sight: ClusterSnapshot) -> Iterator[_Risk]:
    for node in sight.replicas:
        if node.is_diverged:
            yield _Risk(
                f"{node.name} is {node.state}",
                f"Rejoin {node.name}: rewind it, or copy it anew.",
            )


def _lost_replica(sight: ClusterSnapshot) -> Iterator[_Risk]:
    missing = _not_streaming(sight)
    if missing:
        told = "; ".join(f"{node.name} is {node.state}" for node in missing)
        yield _Risk(f"{_streaming(sight)}: {told}", _bring_back(missing[0]))


def _lagging(sight: ClusterSnapshot) -> Iterator[_Risk]:
    late = [n for n in sight.replicas if _late_seconds(n) > _MOST_LAG_SECONDS]
    for node in sorted(late, key=_late_seconds, reverse=True):
        paused = node.is_replay_paused
        yield _Risk(
            f"{node.name} is {node.lag_seconds:.0f} s behind"
            + (": replay is paused" if paused else ""),
            "Resume replay."
            if paused
            else f"See what keeps {node.name} busy: its disk, its network, or a "
            "long query there.",
        )


def _lost_slot(sight: ClusterSnapshot) -> Iterator[_Risk]:
    for node in sight.nodes:
        for slot in node.slots:
            if slot.status == "lost":
                holder = slot.holder or slot.name
                yield _Risk(
                    f"{node.name} no longer has the log that {holder} needs",
                    f"Copy {holder} anew.",
                )


def _full_disk(sight: ClusterSnapshot) -> Iterator[_Risk]:
    for node in sight.nodes:
        used = node.disk_used
        if used is not None and used >= _FULL_DISK:
            yield _Risk(
                f"the disk of {node.name} is {used:.0%} full",
                f"Make room on {node.name}: a full disk stops it.",
            )


def _not_automatic(sight: ClusterSnapshot) -> Iterator[_Risk]:
    if sight.is_automatic is False:
        yield _Risk(
            "automatic failover is paused",
            "Resume it as soon as what it was paused for is done.",
        )
    elif sight.is_patroni_answering is False:
        yield _Risk(
            "Patroni does not answer, so nobody would take over by itself",
            "Start Patroni and etcd.",
        )


# The worst first.
_RISKS: Final[tuple[Callable[[ClusterSnapshot], Iterator[_Risk]], ...]] = (
    _leaderless,
    _two_primaries,
    _single_copy,
    _no_quorum,
    _diverged,
    _lost_replica,
    _lagging,
    _lost_slot,
    _full_disk,
    _not_automatic,
)


def _late_seconds(node: NodeSight) -> float:
    # Nobody counts on one that is late on purpose, nor on how late it is.
    return 0.0 if node.tags.is_delayed else node.lag_seconds or 0.0


def _not_streaming(sight: ClusterSnapshot) -> tuple[NodeSight, ...]:
    return tuple(node for node in sight.replicas if not node.is_streaming)


def _streaming(sight: ClusterSnapshot) -> str:
    number = sum(node.is_streaming for node in sight.replicas)
    return f"{number} of {_counted(len(sight.replicas), 'replica')} streaming"


def _bring_back(node: NodeSight) -> str:
    if node.is_answering:
        return f"Rejoin {node.name}: rewind it, or copy it anew."
    return f"Start {node.name}; if it does not follow then, rejoin it."


def _listed(nodes: tuple[NodeSight, ...]) -> str:
    return " or ".join(node.name for node in nodes)


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
