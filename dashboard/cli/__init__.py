"""The commands of `python -m dashboard`, in one module per group.

They import what they need when they run, so that `--help` is instant.
"""

import typer

from dashboard.cli import (
    backups,
    cluster_operations,
    cluster_status,
    drilling,
    explaining,
    filling,
    integrity,
    people,
    recovery,
    reports,
    running,
    visits,
)

app = typer.Typer(
    cls=explaining.ExplainingGroup,
    help="Chartroom, the records room of a clinic.",
    no_args_is_help=True,
    add_completion=False,
    # Rich's long tracebacks hide the one line that matters.
    pretty_exceptions_enable=False,
)
cluster = typer.Typer(
    help="Inspect and manage the database servers.", no_args_is_help=True
)
for commands in (cluster_status, cluster_operations):
    cluster.add_typer(commands.group)
for commands in (
    running,
    people,
    integrity,
    backups,
    recovery,
    reports,
    visits,
    filling,
):
    app.add_typer(commands.group)
app.add_typer(recovery.site_group)
app.add_typer(cluster, name="cluster")
app.add_typer(drilling.group)
