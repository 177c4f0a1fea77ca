"""The command that shows the database servers, and the output of a dry run."""

from collections.abc import Iterator
from contextlib import closing
from time import monotonic, sleep
from typing import TYPE_CHECKING, Final

import typer

from dashboard.cli.explaining import explain_errors
from dashboard.cli.options import Data, choose

if TYPE_CHECKING:
    from dashboard.wiring import Wiring
    from db.cluster.observing import ClusterSnapshot, NodeSnapshot
    from db.settings import Settings
    from services.cluster.operations import (
        OperationPreview,
        OperationRequest,
        ServerSituation,
    )

_LOOK_SECONDS: Final = 0.1
_PATRONI_SECONDS: Final = 3.0

group = typer.Typer()


@group.command()
def status(data: Data = None) -> None:
    """Show the state of each server, and which should lead next."""
    with explain_errors():
        for line in status_in_words(choose(data=data)):
            typer.echo(line)


def status_in_words(settings: "Settings") -> Iterator[str]:
    """Yield whether all is safe, each server's state, and which should lead next.

    Raises NoPatroni.
    """
    from dashboard import wiring
    from services.cluster.monitoring import verdict
    from services.cluster.operations import preview

    with closing(wiring.connect(settings)) as wired:
        situation, snapshot = wired.runner.servers.look(), _snapshot(wired)
        judged = verdict(snapshot)
        yield judged.sentence
        if judged.next_action:
            yield f"Next: {judged.next_action}"
        for server in situation.servers:
            yield line_of(server, snapshot.node(server.name))
        if not situation.is_automatic:
            yield "Automatic failover is off."
        yield from _advice(preview(situation))


def _snapshot(wired: "Wiring") -> "ClusterSnapshot":
    """Return the servers as they are, including those that Patroni does not know."""
    observer = wired.monitor.observer
    deadline = monotonic() + _PATRONI_SECONDS
    snapshot = observer.look()
    # Patroni is asked in the background, and has not answered at the first look.
    while snapshot.is_patroni_answering is None and monotonic() < deadline:
        sleep(_LOOK_SECONDS)
        snapshot = observer.look()
    return snapshot


def line_of(server: "ServerSituation", node: "NodeSnapshot | None") -> str:
    """Return a server's state as Patroni reports it, or else as it was observed."""
    timeline = "?" if server.timeline is None else server.timeline
    behind = "?" if server.behind_bytes is None else server.behind_bytes
    if server.is_leading:
        return f"{server.name}  primary  {server.state}, timeline {timeline}"
    state = server.state
    if not server.is_answering:
        # A former primary that somebody started by hand has no Patroni, and answers.
        own = node.state if node else "not answering"
        state = f"Patroni does not answer, PostgreSQL is {own}"
    waited = ", commits wait for it" if server.is_waited_for else ""
    copied_at = node.copied_anew_at if node else None
    copied = (
        f", log damaged and copied again {copied_at:%F %R} UTC" if copied_at else ""
    )
    return (
        f"{server.name}  replica  {state}, timeline {timeline}, {behind} bytes "
        f"behind{waited}{copied}"
    )


def rehearse(settings: "Settings", request: "OperationRequest") -> Iterator[str]:
    """Yield the effects of a request without acting. Raises what forbids it."""
    from dashboard import wiring
    from services.cluster.operations import preview

    with closing(wiring.connect(settings)) as wired:
        servers = wired.runner.servers
        previewed = preview(servers.look(with_transactions=True))
        node = request.node or (previewed.best.name if previewed.best else None)
        previewed.require_kind(request.kind)
        chosen = previewed.get_candidate(node)
        yield from _advice(previewed)
        lost = "unknown" if chosen.lost_bytes is None else chosen.lost_bytes
        yield f"With {chosen.name}: {chosen.reason}"
        yield f"Log that would be lost, in bytes: {lost}."
        yield (
            f"Long transactions that would be cancelled: {len(previewed.transactions)}."
        )


def _advice(previewed: "OperationPreview") -> Iterator[str]:
    """Yield what prevents a change of the primary, and which server is best."""
    if previewed.obstacle:
        yield previewed.obstacle
    if previewed.best:
        yield f"Best choice: {previewed.best.name}, because {previewed.best.reason}"
