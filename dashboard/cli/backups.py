"""The commands that back the clinic up, and prove that the backup can be restored."""

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from dashboard.cli.explaining import explain_errors
from dashboard.cli.options import Data, choose
from services.core.actors import CONSOLE

if TYPE_CHECKING:
    from dashboard.wiring import Wiring
    from db.backups.notes import Proof
    from db.backups.repository import Repository
    from db.settings import Settings
    from jobs.backups.taking import BackupTaken

group = typer.Typer()


@group.command()
def backup(data: Data = None) -> None:
    """Copy rows, files and audit log of the running clinic, sealed and verified."""
    with explain_errors():
        taken = take_backup(choose(data=data))
    typer.echo(taken.sentence)


def take_backup(settings: "Settings") -> "BackupTaken":
    """Take a backup of the running clinic, and write down that it was taken.

    Raises NotRunning and CannotBackUp; then nothing of it counts.
    """
    from dashboard import wiring
    from db.backups.backup_errors import CannotBackUp
    from db.postgres import SYSTEM
    from services import backups

    if not settings.is_embedded:
        raise CannotBackUp(
            "Chartroom backs up the servers that it starts itself. Back up your own "
            "with their tools, MongoDB and the file keys included."
        )
    with contextlib.closing(wiring.connect(settings)) as wired:
        taken = back_up(wired, wired.backups)
        wired.database.write(
            lambda session: backups.record_taken(session, CONSOLE, taken.manifest),
            identity=SYSTEM,
        )
        return taken


def back_up(wired: "Wiring", repository: "Repository") -> "BackupTaken":
    """Take a backup of the servers that run below the data folder.

    Raises NotRunning and CannotBackUp.
    """
    from db import embedded
    from db.embedded.servers import database_roles
    from jobs.backups.taking import BackupSource, take

    data = wired.settings.data
    source = BackupSource(
        embedded.DataFolder(data),
        embedded.attach(data),
        database_roles.NAME,
        wired.files,
        wired.audit,
        wired.file_keys,
    )
    return take(source, repository)


@group.command()
def restore(
    look: Annotated[
        bool,
        typer.Option("--look", help="Into a sandbox that is thrown away; required."),
    ] = False,
    to: Annotated[
        str | None,
        typer.Option(help="The newest backup as of then, such as 2026-11-25T02:00Z."),
    ] = None,
    data: Data = None,
) -> None:
    """Restore a backup beside the clinic, prove it row by row, and throw it away."""
    with explain_errors():
        from jobs.backups.looking import words_of

        proof = prove_backup(choose(data=data), _time_of(to), look=look)
        typer.echo(words_of(proof))


def prove_backup(
    settings: "Settings", to: datetime | None, *, look: bool = True
) -> "Proof":
    """Restore into a sandbox and prove what is there; write it down where one can.

    No clinic has to run for it: keys and passwords of the data folder are enough.
    Raises CannotRestore; nothing live is touched.
    """
    from dashboard import wiring
    from db.backups.backup_errors import CannotRestore
    from db.embedded import DataFolder
    from db.postgres import SYSTEM
    from jobs.backups import looking
    from services import backups

    if not look:
        raise CannotRestore(
            "Only looking is possible yet: add --look to restore into a sandbox. "
            "Nothing was touched."
        )
    folder = DataFolder(settings.data)
    repository, keys = wiring.backups_of(settings), wiring.file_keys(settings)
    proof = looking.look(folder, repository, keys, to=to, system_id=folder.system_id())
    with contextlib.suppress(wiring.NotRunning):
        if settings.is_embedded:
            with contextlib.closing(wiring.connect(settings)) as wired:
                wired.database.write(
                    lambda session: backups.record_proven(session, CONSOLE, proof),
                    identity=SYSTEM,
                )
    return proof


def _time_of(text: str | None) -> datetime | None:
    """Read a time; one that names no zone is UTC's. Raises CannotRestore."""
    from db.backups.backup_errors import CannotRestore

    if text is None:
        return None
    try:
        named = datetime.fromisoformat(text)
    except ValueError as error:
        raise CannotRestore(
            f"{text} is no time: write one like 2026-11-25T02:00Z."
        ) from error
    return named if named.tzinfo else named.replace(tzinfo=UTC)
