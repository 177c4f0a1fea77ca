"""Commands that look at the database servers and act on them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from dashboard.cli.command_line.explaining import explained
from dashboard.cli.command_line.options import Data, choose

if TYPE_CHECKING:
    from services.cluster.operations import OperationRequest

group = typer.Typer()
_cluster = typer.Typer(
    help="Look at the database servers, and act on them.", no_args_is_help=True
)
group.add_typer(_cluster, name="cluster")

Reason = Annotated[
    str, typer.Option(help="Why, in ten characters or more; the history keeps it.")
]
To = Annotated[
    str | None, typer.Option(help="Who shall lead; the advised one if left out.")
]
Node = Annotated[str, typer.Argument(help="The server, such as db-02.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only tell what it would mean.")
]


@_cluster.command()
def status(data: Data = None) -> None:
    """Tell how each server is, and who should lead next."""
    with explained():
        settings = choose(data=data)
        from dashboard.cli import cluster_commands

        for line in cluster_commands.status(settings):
            typer.echo(line)


@_cluster.command()
def switchover(
    reason: Reason = "",
    to: To = None,
    at: Annotated[
        datetime | None,
        typer.Option(help="When, on this machine's clock; now if left out."),
    ] = None,
    dry_run: DryRun = False,
    data: Data = None,
) -> None:
    """Let another server lead, and measure what that cost."""
    from services.cluster.operations import OperationKind, OperationRequest

    moment = at.astimezone() if at else None
    order = OperationRequest(OperationKind.SWITCHOVER, reason, to, scheduled_at=moment)
    _do(order, data, dry_run=dry_run)


@_cluster.command()
def failover(
    reason: Reason = "",
    to: To = None,
    confirm: Annotated[
        str,
        typer.Option(help="The server's name once more, where something may be lost."),
    ] = "",
    dry_run: DryRun = False,
    data: Data = None,
) -> None:
    """Let a server lead although nobody hands over: when the primary is lost."""
    from services.cluster.operations import OperationKind, OperationRequest

    _do(
        OperationRequest(OperationKind.FAILOVER, reason, to, typed=confirm),
        data,
        dry_run=dry_run,
    )


@_cluster.command()
def reinit(node: Node, reason: Reason = "", data: Data = None) -> None:
    """Copy the primary's data to a replica anew, until it streams."""
    from services.cluster.operations import OperationKind, OperationRequest

    _do(OperationRequest(OperationKind.REINIT, reason, node), data)


@_cluster.command()
def restart(node: Node, reason: Reason = "", data: Data = None) -> None:
    """Restart PostgreSQL on a server."""
    from services.cluster.operations import OperationKind, OperationRequest

    _do(OperationRequest(OperationKind.RESTART, reason, node), data)


@_cluster.command()
def rejoin(node: Node, reason: Reason = "", data: Data = None) -> None:
    """Bring a server back until it streams: rewound, or else copied anew."""
    from services.cluster.operations import OperationKind, OperationRequest

    _do(OperationRequest(OperationKind.REJOIN, reason, node), data)


@_cluster.command()
def pause(reason: Reason = "", data: Data = None) -> None:
    """Switch automatic failover off."""
    from services.cluster.operations import OperationKind, OperationRequest

    _do(OperationRequest(OperationKind.PAUSE, reason), data)


@_cluster.command()
def resume(reason: Reason = "", data: Data = None) -> None:
    """Switch automatic failover on again."""
    from services.cluster.operations import OperationKind, OperationRequest

    _do(OperationRequest(OperationKind.RESUME, reason), data)


@_cluster.command()
def settings(
    changes: Annotated[
        list[str] | None,
        typer.Argument(help="Changes such as ttl=30; without any, show what is set."),
    ] = None,
    reason: Reason = "",
    data: Data = None,
) -> None:
    """Show the few settings that matter and what they do, or change them."""
    from services.cluster.operations import OperationKind, OperationRequest

    if changes:
        wanted = dict(change.partition("=")[::2] for change in changes)
        _do(OperationRequest(OperationKind.SETTINGS, reason, changes=wanted), data)
        return
    with explained():
        chosen = choose(data=data)
        from dashboard.cli import cluster_commands

        for line in cluster_commands.settings_in_words(chosen):
            typer.echo(line)


@_cluster.command()
def add_replica(
    reason: Reason = "",
    delayed_seconds: Annotated[
        float | None,
        typer.Option(min=1, help="Make it a delayed standby, so many seconds behind."),
    ] = None,
    data: Data = None,
) -> None:
    """Make another replica, until it streams."""
    from services.cluster.operations import OperationKind, OperationRequest

    _do(
        OperationRequest(OperationKind.ADD_REPLICA, reason, seconds=delayed_seconds),
        data,
    )


@_cluster.command()
def remove_replica(node: Node, reason: Reason = "", data: Data = None) -> None:
    """End a replica and throw its data away."""
    from services.cluster.operations import OperationKind, OperationRequest

    _do(OperationRequest(OperationKind.REMOVE_REPLICA, reason, node), data)


@_cluster.command()
def pause_replay(
    node: Node,
    reason: Reason = "",
    seconds: Annotated[
        float, typer.Option(min=5, max=600, help="After which it goes on by itself.")
    ] = 30,
    data: Data = None,
) -> None:
    """Let a replica show nothing new for a while."""
    from services.cluster.operations import OperationKind, OperationRequest

    _do(
        OperationRequest(OperationKind.PAUSE_REPLAY, reason, node, seconds=seconds),
        data,
    )


def _do(order: "OperationRequest", data: Data, *, dry_run: bool = False) -> None:
    with explained():
        chosen = choose(data=data)
        from dashboard.cli import cluster_commands

        if dry_run:
            for line in cluster_commands.rehearse(chosen, order):
                typer.echo(line)
            return
        for told in cluster_commands.act(chosen, order):
            if isinstance(told, str):
                typer.echo(told)
                continue
            typer.echo(told.sentence, err=not told.is_good)
            if not told.is_good:
                raise typer.Exit(1)
