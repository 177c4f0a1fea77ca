"""One sentence on whether the records are safe, why not, and what to do next."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from db.cluster.observing import ClusterSnapshot, NodeSnapshot

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


def verdict(snapshot: ClusterSnapshot) -> ReplicationVerdict:
    """Judge a snapshot; of several risks the worst makes the sentence."""
    risk = next((risk for find in _RISKS for risk in find(snapshot)), None)
    if risk is not None:
        sentence = f"At risk: {risk.reason}."
        return ReplicationVerdict(False, sentence, risk.reason, risk.next_action)
    streaming = [node for node in snapshot.replicas if node.is_streaming]
    counted = (
        f"{len(streaming)} of {_counted(len(snapshot.replicas), 'replica')} streaming"
    )
    behind = max((_late_seconds(node) for node in streaming), default=0.0)
    sentence = f"Safe: {counted}, {behind:.1f} s behind."
    if snapshot.acknowledgements == 0:
        return ReplicationVerdict(True, sentence, *_NOT_WAITING)
    return ReplicationVerdict(True, sentence)


_NOT_WAITING: Final = (
    "commits wait for no replica, so the last of them are lost with the primary",
    "Set synchronous_mode to quorum if no acknowledged change may be lost.",
)


def _leaderless(snapshot: ClusterSnapshot) -> Iterator[_Risk]:
    if snapshot.primary is not None:
        return
    since = ""
    if snapshot.leaderless_since is not None:
        seconds = (snapshot.taken_at - snapshot.leaderless_since).total_seconds()
        since = f" for {seconds:.0f} s"
    if not any(node.is_answering for node in snapshot.nodes):
        yield _Risk(
            f"no database server answers{since}",
            "See whether the machines run and the network reaches them.",
        )
    else:
        yield _Risk(f"{_NO_PRIMARY}{since}", _without_primary(snapshot))


def _without_primary(snapshot: ClusterSnapshot) -> str:
    if snapshot.is_automatic is False:
        return (
            "Automatic failover is paused: resume it, or fail over to the replica "
            "that has most of the log."
        )
    if snapshot.is_patroni_answering:
        return "Wait: a replica takes over by itself. If none does, fail over by hand."
    if snapshot.has_patroni:
        return (
            "Patroni does not answer, so nobody takes over by itself: start Patroni "
            "and etcd, then see who leads."
        )
    return "Promote the replica that has most of the log; nobody does it by itself."


def _two_primaries(snapshot: ClusterSnapshot) -> Iterator[_Risk]:
    leading = [n for n in snapshot.nodes if n.is_answering and n.role == "primary"]
    former = [node for node in leading if node is not snapshot.primary]
    if former and snapshot.primary is not None:
        names = ", ".join(node.name for node in former)
        leader = snapshot.primary.name
        yield _Risk(
            f"{names} still takes itself for the primary beside {leader}",
            f"Stop PostgreSQL on {names} now, then rejoin it: see the runbook on "
            "split brain.",
        )


def _single_copy(snapshot: ClusterSnapshot) -> Iterator[_Risk]:
    if not any(node.is_streaming for node in snapshot.replicas):
        primary = snapshot.primary.name if snapshot.primary else "one server"
        silent = _listed(snapshot.replicas)
        follow = f"Bring {silent} back, or rejoin it." if silent else "Add a replica."
        yield _Risk(
            f"no replica is streaming, the newest records are on {primary} only",
            follow,
        )


def _no_quorum(snapshot: ClusterSnapshot) -> Iterator[_Risk]:
    if not snapshot.has_quorum:
        yield _Risk(
            f"changes wait for {_counted(snapshot.acknowledgements or 0, 'replica')}, "
            "and too few acknowledge them",
            f"Bring {_listed(_not_streaming(snapshot))} back, or rejoin it.",
        )


def _diverged(snapshot: ClusterSnapshot) -> Iterator[_Risk]:
    for node in snapshot.replicas:
        if node.is_diverged:
            yield _Risk(
                f"{node.name} is {node.state}",
                f"Rejoin {node.name}: rewind it, or copy it anew.",
            )


def _lost_replica(snapshot: ClusterSnapshot) -> Iterator[_Risk]:
    missing = _not_streaming(snapshot)
    if missing:
        states = "; ".join(f"{node.name} is {node.state}" for node in missing)
        yield _Risk(f"{_streaming(snapshot)}: {states}", _bring_back(missing[0]))


def _lagging(snapshot: ClusterSnapshot) -> Iterator[_Risk]:
    late = [n for n in snapshot.replicas if _late_seconds(n) > _MOST_LAG_SECONDS]
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


def _lost_slot(snapshot: ClusterSnapshot) -> Iterator[_Risk]:
    for node in snapshot.nodes:
        for slot in node.slots:
            if slot.status == "lost":
                holder = slot.holder or slot.name
                yield _Risk(
                    f"{node.name} no longer has the log that {holder} needs",
                    f"Copy {holder} anew.",
                )


def _full_disk(snapshot: ClusterSnapshot) -> Iterator[_Risk]:
    for node in snapshot.nodes:
        used = node.disk_used
        if used is not None and used >= _FULL_DISK:
            yield _Risk(
                f"the disk of {node.name} is {used:.0%} full",
                f"Make room on {node.name}: a full disk stops it.",
            )


def _not_automatic(snapshot: ClusterSnapshot) -> Iterator[_Risk]:
    if snapshot.is_automatic is False:
        yield _Risk(
            "automatic failover is paused",
            "Resume it as soon as what it was paused for is done.",
        )
    elif snapshot.is_patroni_answering is False:
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


def _late_seconds(node: NodeSnapshot) -> float:
    # Nobody counts on one that is late on purpose, nor on how late it is.
    return 0.0 if node.tags.is_delayed else node.lag_seconds or 0.0


def _not_streaming(snapshot: ClusterSnapshot) -> tuple[NodeSnapshot, ...]:
    return tuple(node for node in snapshot.replicas if not node.is_streaming)


def _streaming(snapshot: ClusterSnapshot) -> str:
    number = sum(node.is_streaming for node in snapshot.replicas)
    return f"{number} of {_counted(len(snapshot.replicas), 'replica')} streaming"


def _bring_back(node: NodeSnapshot) -> str:
    if node.is_answering:
        return f"Rejoin {node.name}: rewind it, or copy it anew."
    return f"Start {node.name}; if it does not follow then, rejoin it."


def _listed(nodes: tuple[NodeSnapshot, ...]) -> str:
    return " or ".join(node.name for node in nodes)


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
