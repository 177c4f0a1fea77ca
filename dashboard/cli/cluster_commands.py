"""What the commands of `cluster` do: look at the servers, and act on them."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Final

from dashboard import wiring
from dashboard.wiring import Wiring
from db.cluster.observing import ClusterSnapshot, NodeSight
from db.settings import Settings
from services.cluster.monitoring import verdict
from services.cluster.operations import (
    PHASES,
    SETTINGS,
    CannotAct,
    OperationKind,
    OperationPreview,
    OperationRequest,
    RunningOperation,
    ServerSituation,
    current,
    preview,
)
from services.core.actors import CONSOLE
from services.core.on_behalf import ActorDatabase

_LOOK_SECONDS: Final = 0.1
_PATRONI_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an order, in a sentence, and whether that is well."""

    sentence: str
    is_good: bool


def status(settings: Settings) -> Iterator[str]:
    """Yield whether all is safe, how each server is, and who should lead next.

    Raises NoPatroni.
    """
    with closing(wiring.connect(settings)) as wired:
        found, seen = wired.operator.servers.look(), _sight(wired)
        judged = verdict(seen)
        yield judged.sentence
        if judged.next_action:
            yield f"Next: {judged.next_action}"
        for server in found.servers:
            yield line_of(server, seen.node(server.name))
        if not found.is_automatic:
            yield "Automatic failover is off."
        yield from _advice(preview(found))


def rehearse(settings: Settings, order: OperationRequest) -> Iterator[str]:
    """Yield what the order would mean; nothing is done. Raises what forbids it."""
    with closing(wiring.connect(settings)) as wired:
        servers = wired.operator.servers
        found = preview(servers.look(with_transactions=True))
        node = order.node or (found.best.name if found.best else None)
        chosen = found.candidate(node)
        if chosen is None:
            raise CannotAct(found.obstacle or f"There is no server called {node}.")
        yield from _advice(found)
        lost = "an unknown part" if chosen.lost_bytes is None else chosen.lost_bytes
        yield f"With {chosen.name}: {chosen.reason}"
        yield f"Log that would be lost, in bytes: {lost}."
        yield f"Long transactions that would be cut: {len(found.transactions)}."


def act(settings: Settings, order: OperationRequest) -> Iterator[str | Result]:
    """Do what the order says; yield each step, at last what came of it."""
    with closing(wiring.connect(settings)) as wired:
        whole = _with_best(wired, order)
        who = ActorDatabase(wired.database, CONSOLE)
        run = wired.operator.start(who, whole, session_id=None)
        if run is None:
            yield Result("It is planned; a worker does it when the time comes.", True)
            return
        yield from _steps(run)
        wired.operator.wait(run)
        yield from _outcome(run)


def settings_in_words(settings: Settings) -> Iterator[str]:
    """Yield each setting with what it is, and what it does; raises NoPatroni."""
    with closing(wiring.connect(settings)) as wired:
        servers = wired.operator.servers
        values = current(servers.ask(servers.patroni.config))
        for name, setting in SETTINGS.items():
            yield f"{name} = {values[name]}"
            yield f"    {setting.effect}"


def _with_best(wired: Wiring, order: OperationRequest) -> OperationRequest:
    """Name the advised server where the order names none."""
    if order.node or order.act not in {
        OperationKind.SWITCHOVER,
        OperationKind.FAILOVER,
    }:
        return order
    best = preview(wired.operator.servers.look()).best
    return OperationRequest(
        order.act,
        order.reason,
        best.name if best else None,
        typed=order.typed,
        scheduled_at=order.scheduled_at,
    )


def _steps(run: RunningOperation) -> Iterator[str]:
    told = 0
    while True:
        ended = run.ended.wait(_LOOK_SECONDS)
        for step in run.progress.steps[told:]:
            told += 1
            yield f"{step.seconds:7.2f} s  {step.sentence}"
        if ended:
            return


def _outcome(run: RunningOperation) -> Iterator[str | Result]:
    cost = run.cost
    if cost is None:
        yield Result(run.refusal or "", False)
        return
    for name, seconds in cost.phases.items():
        yield f"{seconds:7.2f} s  {PHASES[name]}"
    if proof := cost.facts.get("proof"):
        yield str(proof)
    yield Result(cost.sentence, not cost.lost_writes)


def _sight(wired: Wiring) -> ClusterSnapshot:
    """Return the servers as they are, also those that Patroni does not know of."""
    observer = wired.lookout.observer
    deadline = monotonic() + _PATRONI_SECONDS
    seen = observer.look()
    # Patroni is asked aside, and has said nothing at the first look.
    while seen.is_patroni_answering is None and monotonic() < deadline:
        sleep(_LOOK_SECONDS)
        seen = observer.look()
    return seen


def line_of(server: ServerSituation, seen: NodeSight | None) -> str:
    """Return how a server is, by Patroni's word; without it by what was seen."""
    timeline = "?" if server.timeline is None else server.timeline
    behind = "?" if server.behind_bytes is None else server.behind_bytes
    if server.is_leading:
        return f"{server.name}  primary  {server.state}, timeline {timeline}"
    state = server.state
    if not server.is_answering:
        # A former primary that somebody started by hand has no Patroni, and answers.
        own = seen.state if seen else "not answering"
        state = f"Patroni does not answer, PostgreSQL is {own}"
    waited = ", commits wait for it" if server.is_waited_for else ""
    return (
        f"{server.name}  replica  {state}, timeline {timeline}, {behind} bytes "
        f"behind{waited}"
    )


def _advice(found: OperationPreview) -> Iterator[str]:
    if found.obstacle:
        yield found.obstacle
    if found.best:
        yield f"Best next: {found.best.name}, because {found.best.reason}"
