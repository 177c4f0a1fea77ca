"""A sentence on whether the records are safe, why not, and what to do next."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from db.cluster.observing import ClusterSnapshot, NodeSnapshot
from services.core.sentences import Sentence

# A replica further behind than this is no good copy, whichever server leads next.
_MOST_LAG_SECONDS: Final = 10.0
_FULL_DISK: Final = 0.9


@dataclass(frozen=True, slots=True)
class ReplicationVerdict:
    """What an administrator has to know first.

    `sentence` is the complete verdict, `reason` what speaks against safety, and
    `next_action` what to do: both are empty if there is nothing.
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
    """Judge a snapshot; of several risks, the sentence is about the worst."""
    risk = next((risk for find in _RISKS for risk in find(snapshot)), None)
    if risk is not None:
        sentence = Sentence("At risk: {reason}.", reason=risk.reason)
        return ReplicationVerdict(False, sentence, risk.reason, risk.next_action)
    streaming = [node for node in snapshot.replicas if node.is_streaming]
    behind = max((_late_seconds(node) for node in streaming), default=0.0)
    sentence = Sentence(
        "Safe: {counted}, {seconds} s behind.",
        counted=_streaming(snapshot),
        seconds=f"{behind:.1f}",
    )
    if snapshot.acknowledgements == 0:
        return ReplicationVerdict(True, sentence, *_NOT_WAITING)
    return ReplicationVerdict(True, sentence)


_NOT_WAITING: Final = (
    Sentence(
        "commits wait for no replica, so the last of them are lost with the primary"
    ),
    Sentence("Set synchronous_mode to quorum if no acknowledged change may be lost."),
)


def _leaderless(snapshot: ClusterSnapshot) -> Iterator[_Risk]:
    if snapshot.primary is not None:
        return
    if not any(node.is_answering for node in snapshot.nodes):
        yield _Risk(
            _lasting(snapshot, Sentence("no database server answers")),
            Sentence("See whether the machines run and the network reaches them."),
        )
    else:
        yield _Risk(
            _lasting(snapshot, Sentence("no server takes changes")),
            _without_primary(snapshot),
        )


def _lasting(snapshot: ClusterSnapshot, reason: Sentence) -> Sentence:
    if snapshot.leaderless_since is None:
        return reason
    seconds = (snapshot.taken_at - snapshot.leaderless_since).total_seconds()
    lasting = f"{seconds:.0f}"
    return Sentence("{reason} for {seconds} s", reason=reason, seconds=lasting)


def _without_primary(snapshot: ClusterSnapshot) -> str:
    if snapshot.is_automatic is False:
        return Sentence(
            "Automatic failover is paused: resume it, or fail over to the replica "
            "that has most of the log."
        )
    if snapshot.is_patroni_answering:
        return Sentence(
            "Wait: a replica takes over by itself. If none does, fail over by hand."
        )
    if snapshot.has_patroni:
        return Sentence(
            "Patroni does not answer, so nobody takes over by itself: start Patroni "
            "and etcd, then see who leads."
        )
    return Sentence(
        "Promote the replica that has most of the log; nobody does it by itself."
    )


def _two_primaries(snapshot: ClusterSnapshot) -> Iterator[_Risk]:
    leading = [n for n in snapshot.nodes if n.is_answering and n.role == "primary"]
    former = [node for node in leading if node is not snapshot.primary]
    if former and snapshot.primary is not None:
        names = ", ".join(node.name for node in former)
        leader = snapshot.primary.name
        yield _Risk(
            Sentence(
                "{names} still takes itself for the primary beside {leader}",
                names=names,
                leader=leader,
            ),
            Sentence(
                "Stop PostgreSQL on {names} now, then rejoin it: see the runbook on "
                "split brain.",
                names=names,
            ),
        )


def _single_copy(snapshot: ClusterSnapshot) -> Iterator[_Risk]:
    if not any(node.is_streaming for node in snapshot.replicas):
        primary = snapshot.primary.name if snapshot.primary else Sentence("one server")
        yield _Risk(
            Sentence(
                "no replica is streaming, the newest records are on {primary} only",
                primary=primary,
            ),
            _bring_any_back(snapshot.replicas)
            if snapshot.replicas
            else Sentence("Add a replica."),
        )


def _bring_any_back(nodes: tuple[NodeSnapshot, ...]) -> Sentence:
    servers, *others = [Sentence(node.name) for node in nodes]
    for other in others:
        servers = Sentence("{first} or {second}", first=servers, second=other)
    return Sentence("Bring {servers} back, or rejoin it.", servers=servers)


def _no_quorum(snapshot: ClusterSnapshot) -> Iterator[_Risk]:
    if not snapshot.has_quorum:
        yield _Risk(
            Sentence(
                "changes wait for {replicas}, and too few acknowledge them",
                replicas=_replicas(snapshot.acknowledgements or 0),
            ),
            _bring_any_back(_not_streaming(snapshot) or snapshot.replicas),
        )


def _diverged(snapshot: ClusterSnapshot) -> Iterator[_Risk]:
    for node in snapshot.replicas:
        if node.is_diverged:
            yield _Risk(
                _state_of(node),
                _rejoin(node),
            )


def _lost_replica(snapshot: ClusterSnapshot) -> Iterator[_Risk]:
    missing = _not_streaming(snapshot)
    if missing:
        states, *others = map(_state_of, missing)
        for other in others:
            states = Sentence("{first}; {second}", first=states, second=other)
        reason = "{counted}: {states}"
        counted = _streaming(snapshot)
        yield _Risk(
            Sentence(reason, counted=counted, states=states), _bring_back(missing[0])
        )


def _lagging(snapshot: ClusterSnapshot) -> Iterator[_Risk]:
    late = [n for n in snapshot.replicas if _late_seconds(n) > _MOST_LAG_SECONDS]
    for node in sorted(late, key=_late_seconds, reverse=True):
        seconds = f"{node.lag_seconds:.0f}"
        if node.is_replay_paused:
            yield _Risk(
                Sentence(
                    "{server} is {seconds} s behind: replay is paused",
                    server=node.name,
                    seconds=seconds,
                ),
                Sentence("Resume replay."),
            )
            continue
        yield _Risk(
            Sentence(
                "{server} is {seconds} s behind", server=node.name, seconds=seconds
            ),
            Sentence(
                "See what keeps {server} busy: its disk, its network, or a long query "
                "there.",
                server=node.name,
            ),
        )


def _lost_slot(snapshot: ClusterSnapshot) -> Iterator[_Risk]:
    for node in snapshot.nodes:
        for slot in node.slots:
            if slot.status == "lost":
                holder = slot.holder or slot.name
                yield _Risk(
                    Sentence(
                        "{server} no longer has the log that {holder} needs",
                        server=node.name,
                        holder=holder,
                    ),
                    Sentence("Copy {server} anew.", server=holder),
                )


def _full_disk(snapshot: ClusterSnapshot) -> Iterator[_Risk]:
    for node in snapshot.nodes:
        used = node.disk_used
        if used is not None and used >= _FULL_DISK:
            yield _Risk(
                Sentence(
                    "the disk of {server} is {share} full",
                    server=node.name,
                    share=f"{used:.0%}",
                ),
                Sentence(
                    "Make room on {server}: a full disk stops it.", server=node.name
                ),
            )


def _not_automatic(snapshot: ClusterSnapshot) -> Iterator[_Risk]:
    if snapshot.is_automatic is False:
        yield _Risk(
            Sentence("automatic failover is paused"),
            Sentence("Resume it as soon as what it was paused for is done."),
        )
    elif snapshot.is_patroni_answering is False:
        yield _Risk(
            Sentence("Patroni does not answer, so nobody would take over by itself"),
            Sentence("Start Patroni and etcd."),
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
    # Nobody relies on a delayed standby, nor on how late it is.
    return 0.0 if node.tags.is_delayed else node.lag_seconds or 0.0


def _not_streaming(snapshot: ClusterSnapshot) -> tuple[NodeSnapshot, ...]:
    return tuple(node for node in snapshot.replicas if not node.is_streaming)


def _streaming(snapshot: ClusterSnapshot) -> Sentence:
    return Sentence(
        "{number} of {replicas} streaming",
        number=sum(node.is_streaming for node in snapshot.replicas),
        replicas=_replicas(len(snapshot.replicas)),
    )


def _state_of(node: NodeSnapshot) -> Sentence:
    state = Sentence(node.state)
    return Sentence("{server} is {state}", server=node.name, state=state)


def _rejoin(node: NodeSnapshot) -> Sentence:
    return Sentence("Rejoin {server}: rewind it, or copy it anew.", server=node.name)


def _bring_back(node: NodeSnapshot) -> Sentence:
    if node.is_answering:
        return _rejoin(node)
    return Sentence(
        "Start {server}; if it does not follow then, rejoin it.", server=node.name
    )


def _replicas(number: int) -> Sentence:
    if number == 1:
        return Sentence("1 replica")
    return Sentence("{number} replicas", number=number)
