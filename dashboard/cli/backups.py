"""Commands that back the clinic up, and prove that a backup can be restored."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dashboard.cli.explaining import explain_errors, explain_interruption
from dashboard.cli.options import Data, choose
from services.core.actors import CONSOLE

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from dashboard.wiring import Wiring
    from db.backups.copies.object_store import ObjectStore
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


@group.command()
def restore(  # noqa: PLR0917 - each is an option, and none is positional
    look: Annotated[
        bool,
        typer.Option(
            "--look", help="Restore into a sandbox, which is deleted afterwards."
        ),
    ] = False,
    go_back: Annotated[
        bool,
        typer.Option(
            "--go-back", help="Take the clinic itself back to the time of --to."
        ),
    ] = False,
    to: Annotated[
        str | None,
        typer.Option(
            help="The second to restore to, by the clinic's clock "
            "(CHARTROOM_TIMEZONE), such as 2026-11-25T14:03:07; with a Z it is in UTC."
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="The folder for CSV lists of what going back would undo."),
    ] = None,
    reason: Annotated[
        str, typer.Option(help="The reason for going back, kept in the audit log.")
    ] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Go back without asking for confirmation.")
    ] = False,
    servers_lost: Annotated[
        bool,
        typer.Option("--servers-lost", help="Go back even though no server starts."),
    ] = False,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep", help="With --look: keep it open for an hour, under As it was."
        ),
    ] = False,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="The folder of the backups; or S3, for the copy at "
            "CHARTROOM_BACKUP_S3_URL.",
        ),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(help="The empty folder into which the copy is fetched."),
    ] = None,
    kit: Annotated[
        Path | None,
        typer.Option(
            help="The recovery kit that opens the backups: its PDF or its text."
        ),
    ] = None,
    data: Data = None,
) -> None:
    """Restore a backup beside the clinic and prove it row by row.

    With --to, it also lists the changes since then, which going back would undo. --look
    deletes the restored copy afterwards, --go-back puts it in the clinic's place.
    --from and --kit restore a clinic into an empty folder, on a machine that has
    nothing of it. With S3, the required objects are fetched from the copy of the
    backups first, also with --look and --go-back. With --keep, the worker keeps the
    sandbox open, so that single records can be looked up in it and copied back.
    """
    from db.embedded import ending_as_by_ctrl_c

    with explain_errors(), ending_as_by_ctrl_c():
        settings = choose(data=data)
        timestamp = _time_of(settings, to)
        is_elsewhere = source is not None or kit is not None
        if not is_elsewhere:
            _require_no_tool(settings, timestamp)
        _require_one_way(
            look=look, go_back=go_back, keep=keep, is_elsewhere=is_elsewhere
        )
        store = _store_of(settings, source)
        # Without a kit, the clinic's own keys open what is fetched from its store.
        is_ours = source is None or (store is not None and (look or go_back))
        if kit is not None or not is_ours:
            from dashboard.cli.recovery.elsewhere import restore_from

            is_alone = not (look or go_back or servers_lost)
            restore_from(settings, source, kit, timestamp, into=into, is_alone=is_alone)
            return
        if keep:
            from dashboard.cli.recovery.looks import keep_open

            for line in keep_open(settings, timestamp):
                typer.echo(line)
            return
        _require_usable(report, timestamp)
        fetched = partial(_fetched, settings, store, timestamp, into) if store else None
        if go_back:
            from dashboard.cli.going_back.taking_back import take_back, what_is_left

            began = datetime.now(UTC)
            with explain_interruption(lambda: what_is_left(settings.data, began)):
                take_back(
                    settings,
                    timestamp,
                    reason,
                    report=report,
                    is_sure=yes,
                    are_servers_lost=servers_lost,
                    fetched=fetched,
                )
        else:
            _look(settings, timestamp, report, fetched)


def _look(
    settings: "Settings",
    to: datetime | None,
    report: Path | None,
    fetched: "Callable[[], Repository] | None",
) -> None:
    """Restore into a sandbox; print what is proven and what going back would undo."""
    from jobs.backups.looking import words_of

    with explain_interruption(lambda: "nothing live was touched."):
        if fetched is not None:
            update = {"backup_dir": fetched().folder}
            settings = settings.model_copy(update=update)
        with _comparing(settings, to) as comparison:
            proof = prove_backup(settings, to, beside=comparison.compare)
        typer.echo(words_of(proof))
        for line in comparison.tell(report):
            typer.echo(line)


def _store_of(settings: "Settings", source: str | None) -> "ObjectStore | None":
    """Return the store that --from names; None for a folder, and without --from."""
    if source is None:
        return None
    from dashboard.cli.recovery.copies import find_store

    return find_store(settings, source)


def _fetched(
    settings: "Settings",
    store: "ObjectStore",
    to: datetime | None,
    into: Path | None,
) -> "Repository":
    """Fetch from a copy what a time needs, with the clinic's own keys."""
    from dashboard.cli.recovery.copies import fetch
    from db.embedded import DataFolder
    from db.files.file_keys import FileKeys

    return fetch(
        settings,
        store,
        FileKeys.of(settings),
        to,
        into=into,
        system_id=DataFolder(settings.data).system_id(),
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
def _comparing(settings: "Settings", to: datetime | None) -> Iterator[Comparison]:
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


def _require_one_way(
    *, look: bool, go_back: bool, keep: bool, is_elsewhere: bool
) -> None:
    """Raise CannotRestore unless the options name one way to restore."""
    from db.backups.backup_errors import CannotRestore

    if look and go_back:
        raise CannotRestore(
            "--look restores into a sandbox and --go-back takes the clinic itself "
            "back: give one of the two. Nothing was touched."
        )
    if keep and (is_elsewhere or not look):
        raise CannotRestore(
            "--keep keeps a sandbox open that the running clinic's worker restores: it "
            "goes with --look and --to, and neither with --from nor with --kit. "
            "Nothing was touched."
        )
    if not (look or go_back or is_elsewhere):
        raise CannotRestore(
            "Add --look to restore into a sandbox, or --to TIME --go-back --reason "
            "TEXT to take the clinic itself back. Nothing was touched."
        )


def _require_no_tool(settings: "Settings", to: datetime | None) -> None:
    """Raise CannotRestore, with the tool's command, if a tool has the backups."""
    from db.backups.backup_errors import CannotRestore

    if (tool := settings.own_backup_tool) is not None:
        raise CannotRestore(
            f"{tool.label} restores PostgreSQL of these servers, on the machine where "
            f"it is to run: {tool.restore_command(to)}. Restore MongoDB to the same "
            "time with its own tools; docs/runbooks/restore.md says what must then be "
            "done to the rows. Nothing was touched."
        )


def _require_usable(report: Path | None, to: datetime | None) -> None:
    """Make the folder of a report; raises CannotRestore if it cannot be used."""
    from db.backups.backup_errors import CannotRestore
    from db.files import private_files

    if report is None:
        return
    if to is None:
        raise CannotRestore(
            "--report lists the changes since a time: name the time with --to."
        )
    try:
        private_files.make_folder(report)
    except OSError as error:
        raise CannotRestore(
            f"The folder {report} for the report cannot be used "
            f"({(error.strerror or str(error)).lower()}): name another with --report. "
            "Nothing was restored."
        ) from error


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


def _time_of(settings: "Settings", typed: str | None) -> datetime | None:
    """Return the time of --to, if it was given. Raises CannotRestore."""
    if typed is None:
        return None
    from dashboard.cli.clinic_clock import read_time

    return read_time(settings, typed)
