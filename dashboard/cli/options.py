"""The options that several commands share, and the settings they make."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from db.settings import Settings

# What PostgreSQL's client library reads beside an address. Tools have variables of
# their own, such as PGBACKREST_STANZA.
_OF_LIBPQ: Final = re.compile("PG[A-Z]+|PGCONNECT_TIMEOUT")


def _named(folder: str) -> Path:
    # As a path it would be the working directory, such as the checkout, and "$FOLDER"
    # is empty in a shell that does not know it.
    if not folder:
        raise typer.BadParameter("it is empty: name a folder, or leave --data out.")
    return Path(folder)


Data = Annotated[
    Path | None,
    typer.Option(
        help="The folder of the embedded databases.", parser=_named, metavar="<path>"
    ),
]
Host = Annotated[str | None, typer.Option(help="The address to listen on.")]
Port = Annotated[int | None, typer.Option(help="The port to listen on.")]

Servers = Annotated[
    int | None,
    typer.Option(help="How many web processes; by default one per core, at most 4."),
]
Https = Annotated[
    bool | None,
    typer.Option(
        "--https", help="Serve https:// with a certificate authority of its own."
    ),
]


def choose(**options: str | int | Path | None) -> "Settings":
    """Return the settings; an option of the command line overrides a variable.

    Options are put into the environment, so that children and everything else that
    reads the settings later get the same ones. Variables of somebody's psql are taken
    out of it, unless the servers are the clinic's own: PGSSLMODE, PGSERVICE and others
    would keep us from the embedded ones. Raises BadParameter, CannotStart and
    ValidationError.
    """
    for name, value in options.items():
        if value is not None:
            whole = _resolve(value) if isinstance(value, Path) else value
            os.environ[f"CHARTROOM_{name.upper()}"] = str(whole)
    given = {name for name, value in options.items() if value is not None}
    settings = _read_settings(given)
    if settings.is_embedded:
        for name in filter(_OF_LIBPQ.fullmatch, tuple(os.environ)):
            del os.environ[name]
    return settings


def _read_settings(options: set[str]) -> "Settings":
    """Return the settings; raises BadParameter if one of these options is wrong."""
    from pydantic import ValidationError

    from db.settings import Settings, explain_problem

    try:
        return Settings()
    except ValidationError as error:
        for problem in error.errors(include_input=False):
            if (name := str(*problem["loc"][:1])) in options:
                raise typer.BadParameter(
                    f"{explain_problem(problem)}.", param_hint=f"--{name}"
                ) from None
        raise


def _resolve(folder: Path) -> Path:
    # A command without a folder of its own starts sooner without this.
    from db.embedded import resolve_folder

    return resolve_folder(folder)


def require_new(path: Path) -> None:
    """Raise CannotBackUp if the file that `--out` names exists already."""
    from db.backups.backup_errors import CannotBackUp

    if path.exists():
        raise CannotBackUp(f"{path} already exists: name another file with --out.")


def write_new(path: Path, content: bytes, *, of: str) -> None:
    """Make the file that `--out` names, readable by its owner only.

    Raises CannotBackUp; its message calls the file by `of`.
    """
    from db.backups.backup_errors import CannotBackUp

    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except OSError as error:
        raise CannotBackUp(
            f"{of} could not be written to {path} "
            f"({(error.strerror or str(error)).lower()}): name another file with "
            "--out."
        ) from error
