"""The dry run of a change of the primary: what it would mean, before it is decided."""

from dataclasses import dataclass
from typing import Final

from services.cluster.operations.refusals import CannotAct, NotTyped
from services.cluster.operations.requests import OperationKind, OperationRequest
from services.cluster.operations.situation import (
    ServerSituation,
    Situation,
    Transaction,
)
from services.core.sentences import Sentence

_UNKNOWN: Final = 2**63
# Less than this is not mentioned.
_LATE_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class FailoverCandidate:
    """A server that might lead: whether it may, why or why not, and what it lacks.

    `lost_bytes` is what was written and would be lost with it, as far as the former
    primary was seen; None if that is not known. `is_certain` says that nothing that was
    acknowledged can be among it.
    """

    name: str
    is_eligible: bool
    reason: str
    lost_bytes: int | None
    lost_seconds: float | None
    is_certain: bool


@dataclass(frozen=True, slots=True)
class OperationPreview:
    """What a change of the primary would mean.

    It is a switchover while somebody leads, otherwise a failover. `candidates` are in
    the recommended order. `obstacle` says why nothing can be done at all.
    """

    kind: OperationKind
    primary: str | None
    timeline: int | None
    candidates: tuple[FailoverCandidate, ...]
    transactions: tuple[Transaction, ...]
    is_automatic: bool
    obstacle: str | None

    @property
    def best(self) -> FailoverCandidate | None:
        """The server that should lead next."""
        return next(
            (candidate for candidate in self.candidates if candidate.is_eligible), None
        )

    def candidate(self, name: str | None) -> FailoverCandidate | None:
        """Return a candidate by name."""
        return next(
            (candidate for candidate in self.candidates if candidate.name == name), None
        )

    def get_candidate(self, name: str | None) -> FailoverCandidate:
        """Return a candidate by name; raises CannotAct, naming those that there are."""
        if (chosen := self.candidate(name)) is not None:
            return chosen
        if name is not None and name == self.primary:
            raise CannotAct(Sentence("{server} leads already.", server=name))
        names = [each.name for each in self.candidates if each.is_eligible]
        if not names:
            raise CannotAct(_obstacle(self.candidates))
        raise CannotAct(
            Sentence(
                "There is no server of this name that could lead: choose {servers}.",
                servers=", ".join(names),
            )
        )

    def require_kind(self, kind: OperationKind) -> None:
        """Raise CannotAct, naming the other kind, if the situation needs that one."""
        if self.kind is not kind:
            raise CannotAct(_advise_other_operation(self))


def preview(situation: Situation) -> OperationPreview:
    """Return what a change of the primary would mean in this situation."""
    primary = situation.primary
    kind = OperationKind.FAILOVER if primary is None else OperationKind.SWITCHOVER
    others = [server for server in situation.servers if server is not primary]
    candidates = tuple(
        _candidate(situation, server) for server in sorted(others, key=_advice)
    )
    ordered = tuple(sorted(candidates, key=lambda server: not server.is_eligible))
    timelines = [server.timeline for server in situation.servers if server.timeline]
    return OperationPreview(
        kind,
        primary.name if primary else None,
        primary.timeline if primary else max(timelines, default=None),
        ordered,
        situation.transactions,
        situation.is_automatic,
        None if any(server.is_eligible for server in ordered) else _obstacle(ordered),
    )


def require_possible(
    previewed: OperationPreview, request: OperationRequest
) -> FailoverCandidate:
    """Return the server that is to lead; raises CannotAct and NotTyped."""
    previewed.require_kind(request.kind)
    chosen = previewed.get_candidate(request.node)
    if not chosen.is_eligible:
        why = Sentence(
            "{server} cannot lead: {reason}", server=request.node, reason=chosen.reason
        )
        raise CannotAct(why)
    if not chosen.is_certain and request.typed.strip() != chosen.name:
        raise NotTyped(chosen.name)
    return chosen


def _candidate(situation: Situation, server: ServerSituation) -> FailoverCandidate:
    obstacle = _obstacle_of(situation, server)
    is_certain = obstacle is None and _loses_nothing(situation, server)
    if situation.primary is not None:
        # The primary hands over only once the other has received everything.
        lost: tuple[int | None, float | None] = (0, 0.0)
    else:
        lost = (0, 0.0) if is_certain else (server.behind_bytes, server.replay_seconds)
    return FailoverCandidate(
        server.name,
        obstacle is None,
        obstacle or _merits(situation, server),
        *lost,
        is_certain,
    )


def _obstacle_of(situation: Situation, server: ServerSituation) -> str | None:
    """Return what keeps a server from leading, if anything does."""
    if not server.is_answering:
        return Sentence("it does not answer.")
    if not server.may_lead:
        return Sentence("it is set never to lead (nofailover).")
    return _obstacle_to_switchover(situation, server) if situation.primary else None


def _obstacle_to_switchover(
    situation: Situation, server: ServerSituation
) -> str | None:
    """Return why the primary could not hand over to the server."""
    if not server.is_streaming:
        return Sentence(
            "it does not stream from the primary; it is {state}.", state=server.state
        )
    if situation.primary and server.timeline != situation.primary.timeline:
        return Sentence("it is on another timeline.")
    if situation.is_synchronous and not server.is_waited_for:
        return Sentence("commits do not wait for it, so Patroni refuses it.")
    return None


def _loses_nothing(situation: Situation, server: ServerSituation) -> bool:
    """Return whether everything that was acknowledged is certainly on this server.

    A switchover waits for that. In a failover it is certain for the furthest of the
    servers that commits wait for, if all of these can be asked: what was acknowledged
    is on at least one of them.
    """
    if situation.primary is not None:
        return True
    voters = [voter for voter in situation.servers if voter.is_waited_for]
    if not situation.is_synchronous or server not in voters:
        return False
    if not all(voter.is_answering for voter in voters):
        return False
    reached = [voter.position for voter in voters]
    return server.position is not None and all(
        voter is not None and voter <= server.position for voter in reached
    )


def _merits(situation: Situation, server: ServerSituation) -> str:
    parts = []
    if server.is_waited_for:
        parts.append(Sentence("commits wait for it"))
    if server.behind_bytes == 0:
        parts.append(Sentence("it has everything that was written"))
    elif situation.primary is None and _loses_nothing(situation, server):
        parts.append(Sentence("it has everything that was acknowledged"))
    elif server.behind_bytes is not None:
        behind = f"{server.behind_bytes:,}"
        parts.append(Sentence("it is {bytes} bytes behind", bytes=behind))
    else:
        parts.append(Sentence("how far it is behind is not known"))
    if (
        situation.primary is not None
        and (server.replay_seconds or 0.0) >= _LATE_SECONDS
    ):
        late = f"{server.replay_seconds:.1f}"
        parts.append(Sentence("its readers are {seconds} s behind", seconds=late))
    merits, *others = parts
    for other in others:
        merits = Sentence("{first} and {second}", first=merits, second=other)
    return Sentence("{merits}.", merits=merits)


def _advice(server: ServerSituation) -> tuple[object, ...]:
    """Return a sort key: servers that commits wait for first, then by their data."""
    late, position = server.replay_seconds or 0.0, server.position or 0
    return (
        not server.is_waited_for,
        -position,
        _behind(server),
        round(late),
        server.name,
    )


def _behind(server: ServerSituation) -> int:
    return _UNKNOWN if server.behind_bytes is None else server.behind_bytes


def _obstacle(candidates: tuple[FailoverCandidate, ...]) -> str:
    if not candidates:
        return Sentence("There is no other server that could lead.")
    sentence = Sentence("No other server can lead now.")
    for candidate in candidates:
        sentence = Sentence(
            "{told} {server}: {reason}",
            told=sentence,
            server=candidate.name,
            reason=candidate.reason,
        )
    return sentence


def _advise_other_operation(previewed: OperationPreview) -> str:
    if previewed.kind is OperationKind.SWITCHOVER:
        return Sentence(
            "{server} leads and answers: a switchover loses nothing.",
            server=previewed.primary,
        )
    return Sentence("No server leads that could hand over: this needs a failover.")
