"""Commands that let somebody in: a person, or a program."""

from datetime import timedelta
from typing import Annotated

import typer

from dashboard.cli.command_line.explaining import explained
from dashboard.cli.command_line.options import Data, choose
from services.core.actors import Role, Scope

group = typer.Typer()


@group.command()
def create_admin(
    email: Annotated[str, typer.Option(help="With which they will sign in.")],
    name: Annotated[str, typer.Option(help="What they are called.")],
    data: Data = None,
) -> None:
    """Print a link that lets an administrator in once, alone on the last line."""
    with explained():
        settings = choose(data=data)
        from dashboard.cli import people_commands

        typer.echo(people_commands.create_admin(settings, name=name, email=email))


@group.command()
def token(
    role: Annotated[Role, typer.Option(help="What the program may do.")],
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
    scope: Annotated[
        list[Scope] | None,
        typer.Option(
            help="Limit it to this; repeat for more. Else all that the role may."
        ),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=365, help="How long it holds.")] = 30,
    data: Data = None,
) -> None:
    """Print a new token for the API, alone on the last line."""
    with explained():
        settings = choose(data=data)
        from dashboard.cli import people_commands

        typer.echo(
            people_commands.token(
                settings,
                role,
                name=name,
                scopes=scope or (),
                lifetime=timedelta(days=days),
            )
        )
