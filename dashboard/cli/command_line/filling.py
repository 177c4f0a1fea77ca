"""Commands that fill the database with patients."""

from pathlib import Path
from typing import Annotated

import typer

from dashboard.cli.command_line.explaining import explained
from dashboard.cli.command_line.options import Data, choose

group = typer.Typer()


@group.command()
def import_synthea(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder of Synthea's CSV files.")
    ],
    rejects: Annotated[
        Path, typer.Option(help="Where to list the lines that could not be taken.")
    ] = Path("rejects.csv"),
    data: Data = None,
) -> None:
    """Take over patients and doctors from Synthea; repeat it as often as you like."""
    with explained():
        settings = choose(data=data)
        from dashboard.cli import data_commands

        data_commands.import_synthea(settings, folder, rejects)


@group.command()
def seed(
    patients: Annotated[
        int, typer.Option(min=0, help="How many there shall be in the end.")
    ],
    seed_number: Annotated[
        int, typer.Option(min=0, help="Another number makes other people.")
    ] = 1,
    data: Data = None,
) -> None:
    """Fill the database with an invented clinic."""
    with explained():
        settings = choose(data=data)
        from dashboard.cli import data_commands

        data_commands.seed(settings, patients, seed_number)
