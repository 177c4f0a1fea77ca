"""Commands that act on the database servers, or show and change their settings."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from dashboard.cli import cluster_status
from dashboard.cli.explaining import explain_errors
from dashboard.cli.options import Data, choose

if TYPE_CHECKING:
    from dashboard.wiring import Wiring
    from db.settings import Settings
    from services.cluster.operations import OperationRequest, RunningOperation

_LOOK_SECONDS: Final = 0.1

group = typer.Typer()

Reason = Annotated[
    str,
    typer.Option(help="The reason, in at least ten characters; kept in the history."),
]
To = Annotated[
    str | None,
    typer.Option(help="The server that is to lead; by default, the advised one."),
]
Node = Annotated[str, typer.Argument(help="The server, such as db-02.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would happen.")]


@group.command()
def switchover(
    reason: Reason = "",
    to: To = None,
    at: Annotated[
        datetime | None,
        typer.Option(help="When, by this machine's clock; now by default."),
    ] = None,
    dry_run: DryRun = False,
    data: Data = None,
) -> None:
    """Make another server the primary, and measure what it cost."""
    from services.cluster.operations import (
        OperationKind,
        OperationRequest,
        require_once,
    )

    with explain_errors():
        if at is not None:
            require_once(at)
    timestamp = at.astimezone() if at else None
    request = OperationRequest(
        OperationKind.SWITCHOVER, reason, to, scheduled_at=timestamp
    )
    _carry_out(request, data, dry_run=dry_run)


@group.command()
def failover(
    reason: Reason = "",
    to: To = None,
    confirm: Annotated[
        str,
        typer.Option(help="The server's name again, if anything may be lost."),
    ] = "",
    dry_run: DryRun = False,
    data: Data = None,
) -> None:
    """Make another server the primary if the old one is lost and cannot hand over."""
    from services.cluster.operations import OperationKind, OperationRequest

    _carry_out(
        OperationRequest(OperationKind.FAILOVER, reason, to, typed=confirm),
        data,
        dry_run=dry_run,
    )


@group.command()
def reinit(node: Node, reason: Reason = "", data: Data = None) -> None:
    """Copy the primary's data to a replica again, and wait until it streams."""
    from services.cluster.operations import OperationKind, OperationRequest

    _carry_out(OperationRequest(OperationKind.REINIT, reason, node), data)


@group.command()
def restart(node: Node, reason: Reason = "", data: Data = None) -> None:
    """Restart PostgreSQL on a server."""
    from services.cluster.operations import OperationKind, OperationRequest

    _carry_out(OperationRequest(OperationKind.RESTART, reason, node), data)


@group.command()
def rejoin(node: Node, reason: Reason = "", data: Data = None) -> None:
    """Bring a server back as a streaming replica: rewind it, or else copy it again."""
    from services.cluster.operations import OperationKind, OperationRequest

    _carry_out(OperationRequest(OperationKind.REJOIN, reason, node), data)


@group.command()
def pause(reason: Reason = "", data: Data = None) -> None:
    """Switch automatic failover off."""
    from services.cluster.operations import OperationKind, OperationRequest

    _carry_out(OperationRequest(OperationKind.PAUSE, reason), data)


@group.command()
def resume(reason: Reason = "", data: Data = None) -> None:
    """Switch automatic failover on again."""
    from services.cluster.operations import OperationKind, OperationRequest

    _carry_out(OperationRequest(OperationKind.RESUME, reason), data)


@group.command()
def settings(
    changes: Annotated[
        list[str] | None,
        typer.Argument(
            help="Changes, such as ttl=30; by default, the settings are shown."
        ),
    ] = None,
    reason: Reason = "",
    data: Data = None,
) -> None:
    """Show the settings that matter most and what they do, or change them."""
    from services.cluster.operations import OperationKind, OperationRequest

    if changes:
        wanted = dict(change.partition("=")[::2] for change in changes)
        _carry_out(
            OperationRequest(OperationKind.SETTINGS, reason, changes=wanted), data
        )
        return
    with explain_errors():
        for line in settings_in_words(choose(data=data)):
            typer.echo(line)


def settings_in_words(settings: "Settings") -> Iterator[str]:
    """Yield each setting with its value and its effect; raises NoPatroni."""
    from dashboard import wiring
    from services.cluster.operations import SETTINGS, current

    with closing(wiring.connect(settings)) as wired:
        servers = wired.runner.servers
        values = current(servers.ask(servers.patroni.config))
        for name, setting in SETTINGS.items():
            yield f"{name} = {values[name]}"
            yield f"    {setting.effect}"


@group.command()
def add_replica(
    reason: Reason = "",
    delayed_seconds: Annotated[
        float | None,
        typer.Option(
            min=1, help="Make it a delayed standby, this many seconds behind."
        ),
    ] = None,
    data: Data = None,
) -> None:
    """Add another replica, and wait until it streams."""
    from services.cluster.operations import OperationKind, OperationRequest

    _carry_out(
        OperationRequest(OperationKind.ADD_REPLICA, reason, seconds=delayed_seconds),
        data,
    )


@group.command()
def remove_replica(node: Node, reason: Reason = "", data: Data = None) -> None:
    """Remove a replica and delete its data."""
    from services.cluster.operations import OperationKind, OperationRequest

    _carry_out(OperationRequest(OperationKind.REMOVE_REPLICA, reason, node), data)


@group.command()
def pause_replay(
    node: Node,
    reason: Reason = "",
    seconds: Annotated[
        float,
        typer.Option(
            min=5, max=600, help="Seconds after which replay resumes by itself."
        ),
    ] = 30,
    data: Data = None,
) -> None:
    """Pause replay on a replica for a while, so that it shows nothing new."""
    from services.cluster.operations import OperationKind, OperationRequest

    _carry_out(
        OperationRequest(OperationKind.PAUSE_REPLAY, reason, node, seconds=seconds),
        data,
    )


def _carry_out(
    request: "OperationRequest", data: Data, *, dry_run: bool = False
) -> None:
    with explain_errors():
        chosen = choose(data=data)
        if dry_run:
            for line in cluster_status.rehearse(chosen, request):
                typer.echo(line)
            return
        for outcome in carry_out(chosen, request):
            if isinstance(outcome, str):
                typer.echo(outcome)
                continue
            typer.echo(outcome.sentence, err=not outcome.is_good)
            if not outcome.is_good:
                raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a request, in a sentence, and whether it is good."""

    sentence: str
    is_good: bool


def carry_out(
    settings: "Settings", request: "OperationRequest"
) -> Iterator[str | Result]:
    """Carry out the request; yield each step, and at last its outcome."""
    from dashboard import wiring
    from services.core.actor_database import ActorDatabase
    from services.core.actors import CONSOLE

    with closing(wiring.connect(settings)) as wired:
        whole = _with_best(wired, request)
        who = ActorDatabase(wired.database, CONSOLE)
        operation = wired.runner.start(who, whole, session_id=None)
        if operation is None:
            yield Result(
                "It is scheduled: a worker will carry it out at that time.", True
            )
            return
        yield from _steps(operation)
        wired.runner.wait(operation)
        yield from _outcome(operation)


def _with_best(wired: "Wiring", request: "OperationRequest") -> "OperationRequest":
    """Complete a request that names no server with the advised one."""
    from services.cluster.operations import OperationKind, OperationRequest, preview

    if request.node or request.kind not in {
        OperationKind.SWITCHOVER,
        OperationKind.FAILOVER,
    }:
        return request
    best = preview(wired.runner.servers.look()).best
    return OperationRequest(
        request.kind,
        request.reason,
        best.name if best else None,
        typed=request.typed,
        scheduled_at=request.scheduled_at,
    )


def _steps(operation: "RunningOperation") -> Iterator[str]:
    count = 0
    while True:
        ended = operation.ended.wait(_LOOK_SECONDS)
        for step in operation.progress.steps[count:]:
            count += 1
            yield f"{step.seconds:7.2f} s  {step.sentence}"
        if ended:
            return


def _outcome(operation: "RunningOperation") -> Iterator[str | Result]:
    from services.cluster.operations import PHASES

    cost = operation.cost
    if cost is None:
        yield Result(operation.refusal or "", False)
        return
    for name, seconds in cost.phases.items():
        yield f"{seconds:7.2f} s  {PHASES[name]}"
    if proof := cost.facts.get("proof"):
        yield str(proof)
    yield Result(cost.sentence, not cost.lost_writes)
