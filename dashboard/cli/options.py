"""The options that several commands have, and the settings they make."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from db.settings import Settings

Data = Annotated[
    Path | None, typer.Option(help="The folder that keeps the embedded databases.")
]
Host = Annotated[str | None, typer.Option(help="The address to listen on.")]
Port = Annotated[int | None, typer.Option(help="The port to listen on.")]

Servers = Annotated[
    int | None,
    typer.Option(help="How many web processes; as many as cores, at most 4."),
]
Https = Annotated[
    bool | None,
    typer.Option("--https", help="Serve https:// with an authority of its own."),
]


def choose(**options: str | int | Path | None) -> "Settings":
    """Return the settings, an option of the command line before a variable.

    Options become variables, so that children and everything else that reads the
    settings later sees the same ones.
    """
    from db.settings import Settings

    for name, value in options.items():
        if value is not None:
            whole = value.expanduser().resolve() if isinstance(value, Path) else value
            os.environ[f"CHARTROOM_{name.upper()}"] = str(whole)
    return Settings()
