"""Commands about visits: a proof of booking, a check of a prescription."""

from pathlib import Path
from typing import Annotated

import typer

from dashboard.cli.command_line.explaining import explained
from dashboard.cli.command_line.options import Data, choose

group = typer.Typer()


@group.command()
def prove_booking(data: Data = None) -> None:
    """Let 200 attempts from several processes race for one slot: exactly one wins."""
    with explained():
        settings = choose(data=data)
        from dashboard.cli import booking_commands

        proof = booking_commands.prove(settings)
    for line in booking_commands.told(proof):
        typer.echo(line, err=not proof.holds)
    if not proof.holds:
        raise typer.Exit(1)


@group.command()
def verify(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="A prescription's PDF.")
    ],
    data: Data = None,
) -> None:
    """Tell whether a prescription is as this clinic signed it; exit with 1 if not."""
    with explained():
        settings = choose(data=data)
        from dashboard.cli import signature_commands

        found = signature_commands.verify(settings, file)
    typer.echo(signature_commands.told(found), err=not found.is_valid)
    if not found.is_valid:
        raise typer.Exit(1)
