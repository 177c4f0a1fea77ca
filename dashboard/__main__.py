"""The command line: `python -m dashboard`."""

import dataclasses
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from db.settings import Settings, explain
from services.actors import Role, Scope

app = typer.Typer(
    help="Chartroom, the records room of a clinic.",
    no_args_is_help=True,
    add_completion=False,
    # Rich's long tracebacks hide the one line that matters.
    pretty_exceptions_enable=False,
)

Data = Annotated[
    Path | None, typer.Option(help="The folder that keeps the embedded databases.")
]
Host = Annotated[str | None, typer.Option(help="The address to listen on.")]
Port = Annotated[int | None, typer.Option(help="The port to listen on.")]


@app.command()
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
        from dashboard import launcher

        launcher.serve(settings, empty=empty, say=typer.echo)


@app.command()
def web(host: Host = None, port: Port = None, data: Data = None) -> None:
    """Serve pages and API for databases that run already."""
    with explained():
        settings = choose(host=host, port=port, data=data)
        # The server is imported before the launcher's word is awaited: that takes
        # seconds in which the databases start.
        from dashboard import children, commands, server  # noqa: F401

        children.attend()
        commands.web(settings)


@app.command()
def worker(data: Data = None) -> None:
    """Do the work of the background: tidy up, look ahead."""
    with explained():
        settings = choose(data=data)
        from dashboard import children, commands

        children.attend()
        commands.worker(settings)


@app.command()
def migrate(data: Data = None) -> None:
    """Bring the database to the newest schema."""
    with explained():
        settings = choose(data=data)
        from dashboard import wiring
        from db import schema

        with wiring.attached(settings) as wired:
            schema.bring_up_to_date(wired.endpoints)
        typer.echo("The database has the newest schema.")


@app.command()
def endpoints(data: Data = None) -> None:
    """Print where the running databases are, passwords included, as JSON."""
    with explained():
        settings = choose(data=data)
        from dashboard import wiring

        where = wiring.connect(settings)
        where.close()
        typer.echo(json.dumps(dataclasses.asdict(where.endpoints), indent=2))


@app.command()
def create_admin(
    email: Annotated[str, typer.Option(help="With which they will sign in.")],
    name: Annotated[str, typer.Option(help="What they are called.")],
    data: Data = None,
) -> None:
    """Print a link that lets an administrator in once, alone on the last line."""
    with explained():
        settings = choose(data=data)
        from dashboard import people_commands

        typer.echo(people_commands.create_admin(settings, name=name, email=email))


@app.command()
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
        from dashboard import people_commands

        typer.echo(
            people_commands.token(
                settings,
                role,
                name=name,
                scopes=scope or (),
                lifetime=timedelta(days=days),
            )
        )


@app.command()
def verify_audit(data: Data = None) -> None:
    """Follow the audit log's chain; name the first entry that was tampered with."""
    with explained():
        settings = choose(data=data)
        from dashboard import audit_commands

        verdict = audit_commands.verify(settings)
    typer.echo(verdict.sentence, err=not verdict.is_whole)
    if not verdict.is_whole:
        raise typer.Exit(1)


@app.command()
def new_file_keys(
    path: Annotated[Path, typer.Argument(help="The file to make.")],
) -> None:
    """Make the keys that encrypt files, for databases of your own."""
    with explained():
        from dashboard import file_key_commands

        typer.echo(file_key_commands.make(path))


@app.command()
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
        from dashboard import file_key_commands

        do = file_key_commands.drop_old if drop_old else file_key_commands.rotate
        typer.echo(do(settings))


@app.command()
def check_files(data: Data = None) -> None:
    """Read every file now and compare it with its row; name what is not whole by id."""
    with explained():
        settings = choose(data=data)
        from dashboard import file_check_commands

        report = file_check_commands.check(settings)
    for line in file_check_commands.told(report):
        typer.echo(line, err=not report.is_good)
    if not report.is_good:
        raise typer.Exit(1)


@app.command()
def prove_booking(data: Data = None) -> None:
    """Let 200 attempts from several processes race for one slot: exactly one wins."""
    with explained():
        settings = choose(data=data)
        from dashboard import booking_commands

        proof = booking_commands.prove(settings)
    for line in booking_commands.told(proof):
        typer.echo(line, err=not proof.holds)
    if not proof.holds:
        raise typer.Exit(1)


@app.command()
def verify(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="A prescription's PDF.")
    ],
    data: Data = None,
) -> None:
    """Tell whether a prescription is as this clinic signed it; exit with 1 if not."""
    with explained():
        settings = choose(data=data)
        from dashboard import signature_commands

        found = signature_commands.verify(settings, file)
    typer.echo(signature_commands.told(found), err=not found.is_valid)
    if not found.is_valid:
        raise typer.Exit(1)


@app.command()
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
        from dashboard import data_commands

        data_commands.import_synthea(settings, folder, rejects)


@app.command()
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
        from dashboard import data_commands

        data_commands.seed(settings, patients, seed_number)


def choose(**options: str | int | Path | None) -> Settings:
    """Return the settings, an option of the command line before a variable.

    Options become variables, so that children and everything else that reads the
    settings later sees the same ones.
    """
    for name, value in options.items():
        if value is not None:
            whole = value.expanduser().resolve() if isinstance(value, Path) else value
            os.environ[f"CHARTROOM_{name.upper()}"] = str(whole)
    return Settings()


@contextmanager
def explained() -> Iterator[None]:
    """End with one sentence instead of a traceback where somebody can act on it."""
    try:
        yield
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        typer.echo(sentence, err=True)
        raise typer.Exit(1) from error


def _sentence(error: Exception) -> str | None:
    if isinstance(error, ValidationError):
        return explain(error)
    from dashboard.starting import CannotServe
    from dashboard.wiring import NotRunning
    from db.audit_store import AuditStoreUnavailable
    from db.draft_store import DraftsUnavailable
    from db.embedded import CannotStart
    from db.file_keys import UnusableFileKeys
    from db.gridfs import FileStoreUnavailable
    from db.routing import DatabaseUnavailable
    from db.schema import CannotMigrate
    from db.seal_keys import UnusableKey
    from db.signing_keys import UnusableSigningKey
    from services.errors import ServiceError

    if isinstance(error, DatabaseUnavailable):
        reason = str(error).rstrip(".").lower()
        return (
            f"The database does not answer ({reason}): see that it runs and, if it is "
            "one of your own, that CHARTROOM_DATABASE_URL is right."
        )
    if isinstance(error, AuditStoreUnavailable):
        return (
            f"{error} See that it runs and, if it is one of your own, that "
            "CHARTROOM_AUDIT_MONGO_URL is right."
        )
    if isinstance(error, (FileStoreUnavailable, DraftsUnavailable)):
        return (
            f"{error} See that it runs and, if it is one of your own, that "
            "CHARTROOM_MONGO_URL is right."
        )
    known = (
        CannotMigrate,
        CannotServe,
        CannotStart,
        NotRunning,
        ServiceError,
        UnusableFileKeys,
        UnusableSigningKey,
        UnusableKey,
    )
    return str(error) if isinstance(error, known) else None


if __name__ == "__main__":
    app()
