"""Commands that back the clinic up, and prove that a backup can be restored."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dashboard.cli.explaining import explain_errors
from dashboard.cli.options import Data, choose
from services.core.actors import CONSOLE

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from dashboard.wiring import Wiring
    from db.backups.notes import Proof
    from db.backups.repository import Repository
    from db.pace import Pace
    from db.settings import Settings
    from jobs.backups.taking import BackupSource, BackupTaken
    from services.backups.previews import ChangeList

group = typer.Typer()


@group.command()
def backup(
    full: Annotated[
        bool,
        typer.Option("--full", help="Back up all rows, not only what changed."),
    ] = False,
    data: Data = None,
) -> None:
    """Back up rows, files and audit log of the running clinic, sealed and verified.

    Of the rows, only pages that changed since the previous backup are copied, unless
    the last full backup is older than CHARTROOM_BACKUP_FULL_EVERY_DAYS.
    """
    with explain_errors():
        taken = take_backup(choose(data=data), is_full=full)
    typer.echo(taken.sentence)


def take_backup(settings: "Settings", *, is_full: bool = False) -> "BackupTaken":
    """Take a backup of the running clinic, and record that it was taken.

    Raises NotRunning and CannotBackUp; then the backup does not count.
    """
    from dashboard import wiring
    from db.backups.backup_errors import CannotBackUp
    from db.postgres import SYSTEM
    from services import backups

    if (tool := settings.own_backup_tool) is not None:
        raise CannotBackUp(
            f"{tool.label} backs up PostgreSQL of these servers: "
            f"{tool.backup_command}. The page Backups shows the state of its backups. "
            "It does not cover MongoDB, which has the files and the audit log: back "
            "that up with MongoDB's own tools."
        )
    if not settings.is_embedded:
        raise CannotBackUp(
            "Chartroom only backs up servers that it starts itself. Back up your own "
            "servers with their own tools, MongoDB and the file keys included."
        )
    with contextlib.closing(wiring.connect(settings)) as wired:
        taken = back_up(wired, wired.backups, is_full=is_full)
        wired.database.write(
            lambda session: backups.record_taken(session, CONSOLE, taken.manifest),
            identity=SYSTEM,
        )
        return taken


def back_up(
    wired: "Wiring",
    repository: "Repository",
    *,
    is_full: bool = False,
    pace: "Pace | None" = None,
) -> "BackupTaken":
    """Take a backup of the servers that run in the data folder.

    It is full or incremental as the settings require, or always full with `is_full`,
    and made without pauses unless there is a `pace`. Raises NotRunning and
    CannotBackUp.
    """
    from db.pace import AT_ONCE
    from jobs.backups.taking import take

    settings = wired.settings
    return take(
        source_of(wired),
        repository,
        full_every=None if is_full else settings.backup_full_interval,
        # The worker receives the log, except in its first minutes, and except where no
        # automatic backups are made.
        is_log_kept=settings.backup_interval is not None,
        pace=pace or AT_ONCE,
    )


def source_of(wired: "Wiring") -> "BackupSource":
    """Return the servers that run in the data folder; raises NotRunning."""
    from db import embedded
    from db.embedded.servers import database_roles
    from jobs.backups.taking import BackupSource

    data = wired.settings.data
    return BackupSource(
        embedded.DataFolder(data),
        embedded.attach(data),
        database_roles.NAME,
        wired.files,
        wired.audit,
        wired.file_keys,
    )


@group.command("go-back-as-asked", hidden=True)
def run_requested_restore(data: Data = None) -> None:
    """Go back as requested on the page; started by the launcher."""
    with explain_errors():
        settings = choose(data=data)
        from dashboard.cli.going_back.as_requested import take_back_as_requested
        from dashboard.cli.launching import children

        children.attend()
        take_back_as_requested(settings)


def prove_backup(
    settings: "Settings",
    to: datetime | None,
    *,
    beside: "Callable[[Session], None] | None" = None,
) -> "Proof":
    """Restore into a sandbox and prove what is there; record it if a clinic runs.

    No clinic has to run: keys and passwords of the data folder are enough. `beside`
    gets a session in the sandbox once everything in it is proven. Raises CannotRestore;
    nothing live is touched.
    """
    from dashboard import wiring
    from db.embedded import DataFolder
    from db.files.file_keys import FileKeys
    from db.postgres import SYSTEM
    from jobs.backups import looking
    from services import backups

    folder = DataFolder(settings.data)
    repository, keys = wiring.backups_of(settings), FileKeys.of(settings)
    proof = looking.look(
        folder,
        repository,
        keys,
        to=to,
        system_id=folder.system_id(),
        beside=beside,
    )
    with contextlib.suppress(wiring.NotRunning):
        if settings.is_embedded:
            with contextlib.closing(wiring.connect(settings)) as wired:
                wired.database.write(
                    lambda session: backups.record_proven(session, CONSOLE, proof),
                    identity=SYSTEM,
                )
    return proof


@dataclass(slots=True)
class Comparison:
    """The live clinic beside a sandbox; `wired` is None if none runs."""

    to: datetime | None
    wired: "Wiring | None"
    lists: "tuple[ChangeList, ...]" = field(default=())

    def compare(self, session: "Session") -> None:
        """Compare the live rows with a sandbox's, and record that this was done."""
        from db.postgres import SYSTEM
        from jobs.backups.previewing import compare_live
        from services.backups import previews

        if self.to is None or self.wired is None:
            return
        to, database = self.to, self.wired.database
        self.lists = compare_live(session, database, CONSOLE)
        database.write(
            lambda written: previews.record_preview(written, CONSOLE, to),
            identity=SYSTEM,
        )

    def tell(self, report: Path | None) -> Iterator[str]:
        """Yield lines on what going back would undo; write the lists into a folder."""
        if self.to is None:
            return
        if self.wired is None:
            yield (
                "The changes since then cannot be listed: the clinic is not running, "
                "or its servers are not Chartroom's own."
            )
            return
        yield "Changes since then, which going back would undo:"
        yield from table_of(self.lists)
        yield (
            "Not listed: doctors and their hours, tags, views, settings and anything "
            "else that was changed since."
        )
        if report is not None:
            yield write_lists(self.lists, report)


@contextlib.contextmanager
def comparing(settings: "Settings", to: datetime | None) -> Iterator[Comparison]:
    """Connect to the live clinic, if it runs, to compare it with a time."""
    if to is None or not settings.is_embedded:
        yield Comparison(to, None)
        return
    from dashboard import wiring

    try:
        wired = wiring.connect(settings)
    except wiring.NotRunning:
        yield Comparison(to, None)
        return
    with contextlib.closing(wired):
        yield Comparison(to, wired)


def table_of(lists: "tuple[ChangeList, ...]") -> Iterator[str]:
    """Yield the lines of a table of what has changed since."""
    rows = [
        (each.kind.value if index == 0 else "", what, f"{count:,}")
        for each in lists
        for index, (what, count) in enumerate(each.counts.items() or [("nothing", 0)])
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for kind, what, count in rows:
        yield f"  {kind:<{widths[0]}}  {what:<{widths[1]}}  {count:>{widths[2]}}"


def write_lists(lists: "tuple[ChangeList, ...]", report: Path) -> str:
    """Write the lists into a folder; return a sentence on it. Raises CannotRestore."""
    from db.backups.backup_errors import CannotRestore
    from services.backups import previews

    names = []
    try:
        for each in lists:
            path = report / f"{each.kind.value}.csv"
            path.touch(mode=0o600)
            # The byte order mark tells spreadsheets that the file is UTF-8.
            path.write_text(previews.as_csv(each), encoding="utf-8-sig", newline="")
            names.append(path.name)
    except OSError as error:
        raise CannotRestore(
            f"The lists could not be written to {report} "
            f"({(error.strerror or str(error)).lower()}): name another folder with "
            "--report."
        ) from error
    return f"Lists of ids and times were written to {report}: {', '.join(names)}."
