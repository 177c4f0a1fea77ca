"""The commands of `python -m dashboard`, a module for each group of them."""

import typer

from dashboard.cli.command_line import (
    cluster,
    drilling,
    filling,
    keeping,
    people,
    running,
    visits,
)

__all__ = ["app"]

app = typer.Typer(
    help="Chartroom, the records room of a clinic.",
    no_args_is_help=True,
    add_completion=False,
    # Rich's long tracebacks hide the one line that matters.
    pretty_exceptions_enable=False,
)
for commands in (running, people, keeping, visits, filling, cluster, drilling):
    app.add_typer(commands.group)
