"""Starting parts of Chartroom, and what a start needs."""

import dataclasses
import json
from typing import Annotated

import typer

from dashboard.cli.command_line.explaining import explained
from dashboard.cli.command_line.options import Data, Host, Port, choose

group = typer.Typer()


@group.command()
def serve(
    host: Host = None,
    port: Port = None,
    data: Data = None,
    empty: Annotated[
        bool, typer.Option("--empty", help="Leave an empty database empty.")
    ] = False,
) -> None:
    """Start databases, web server and worker; run until Ctrl-C."""
    with explained():
        settings = choose(host=host, port=port, data=data)
        from dashboard.cli import launcher

        launcher.serve(settings, empty=empty, say=typer.echo)


@group.command()
def web(host: Host = None, port: Port = None, data: Data = None) -> None:
    """Serve pages and API for databases that run already."""
    with explained():
        settings = choose(host=host, port=port, data=data)
        # The server is imported before the launcher's word is awaited: that takes
        # seconds in which the databases start.
        from dashboard.cli import children, server_commands
        from dashboard.web import server  # noqa: F401

        children.attend()
        server_commands.web(settings)


@group.command()
def worker(data: Data = None) -> None:
    """Do the work of the background: tidy up, look ahead."""
    with explained():
        settings = choose(data=data)
        from dashboard.cli import children, server_commands

        children.attend()
        server_commands.worker(settings)


@group.command()
def migrate(data: Data = None) -> None:
    """Bring the database to the newest schema."""
    with explained():
        settings = choose(data=data)
        from dashboard import wiring
        from db import schema

        with wiring.attached(settings) as wired:
            schema.bring_up_to_date(wired.endpoints)
        typer.echo("The database has the newest schema.")


@group.command()
def endpoints(data: Data = None) -> None:
    """Print where the running databases are, passwords included, as JSON."""
    with explained():
        settings = choose(data=data)
        from dashboard import wiring

        where = wiring.connect(settings)
        where.close()
        typer.echo(json.dumps(dataclasses.asdict(where.endpoints), indent=2))
