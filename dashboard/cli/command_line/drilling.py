"""Commands that practise disasters."""

from typing import Annotated
from uuid import UUID

import typer

from dashboard.cli.command_line.explaining import explained
from dashboard.cli.command_line.options import Data, choose
from services.cluster.drills.kinds import DrillKind

group = typer.Typer()


@group.command()
def drill(
    kind: Annotated[DrillKind, typer.Argument(help="What is practised.")],
    record: Annotated[
        UUID | None,
        typer.Option(help="The drill of the history that this is; tells in JSON."),
    ] = None,
    data: Data = None,
) -> None:
    """Break something on purpose while programs work, and tell what that cost."""
    with explained():
        settings = choose(data=data)
        from dashboard.cli import drill_commands

        is_kept = drill_commands.drill(settings, kind, record, typer.echo)
    if not is_kept:
        raise typer.Exit(1)
