"""Commands that check what is kept and exchange its keys."""

from pathlib import Path
from typing import Annotated

import typer

from dashboard.cli.command_line.explaining import explained
from dashboard.cli.command_line.options import Data, choose

group = typer.Typer()


@group.command()
def verify_audit(data: Data = None) -> None:
    """Follow the audit log's chain; name the first entry that was tampered with."""
    with explained():
        settings = choose(data=data)
        from dashboard.cli import audit_commands

        verdict = audit_commands.verify(settings)
    typer.echo(verdict.sentence, err=not verdict.is_whole)
    if not verdict.is_whole:
        raise typer.Exit(1)


@group.command()
def new_file_keys(
    path: Annotated[Path, typer.Argument(help="The file to make.")],
) -> None:
    """Make the keys that encrypt files, for databases of your own."""
    with explained():
        from dashboard.cli import file_key_commands

        typer.echo(file_key_commands.make(path))


@group.command()
def rotate_keys(
    data: Data = None,
    drop_old: Annotated[
        bool,
        typer.Option(
            "--drop-old", help="Instead, forget old keys that nothing needs any more."
        ),
    ] = False,
) -> None:
    """Exchange the key that wraps the keys of files; the files stay as they are."""
    with explained():
        settings = choose(data=data)
        from dashboard.cli import file_key_commands

        do = file_key_commands.drop_old if drop_old else file_key_commands.rotate
        typer.echo(do(settings))


@group.command()
def check_files(data: Data = None) -> None:
    """Read every file now and compare it with its row; name what is not whole by id."""
    with explained():
        settings = choose(data=data)
        from dashboard.cli import file_check_commands

        report = file_check_commands.check(settings)
    for line in file_check_commands.told(report):
        typer.echo(line, err=not report.is_good)
    if not report.is_good:
        raise typer.Exit(1)
