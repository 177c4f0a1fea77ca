"""`restore`: the one command that restores, and what it does by its options."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dashboard.cli.explaining import explain_errors, explain_interruption
from dashboard.cli.options import Data, choose

if TYPE_CHECKING:
    from db.backups.copies.object_store import ObjectStore
    from db.backups.repository import Repository
    from db.settings import Settings

group = typer.Typer()

Look = Annotated[
    bool,
    typer.Option("--look", help="Restore into a sandbox, which is deleted afterwards."),
]
GoBack = Annotated[
    bool,
    typer.Option("--go-back", help="Take the clinic itself back to the time of --to."),
]
To = Annotated[
    str | None,
    typer.Option(
        help="The second to restore to, by the clinic's clock (CHARTROOM_TIMEZONE), "
        "such as 2026-11-25T14:03:07; with a Z it is in UTC."
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(help="The folder for CSV lists of what going back would undo."),
]
Reason = Annotated[
    str, typer.Option(help="The reason for going back, kept in the audit log.")
]
Yes = Annotated[
    bool, typer.Option("--yes", help="Go back without asking for confirmation.")
]
ServersLost = Annotated[
    bool,
    typer.Option("--servers-lost", help="Go back even though no server starts."),
]
Keep = Annotated[
    bool,
    typer.Option(
        "--keep", help="With --look: keep it open for an hour, under As it was."
    ),
]
Source = Annotated[
    str | None,
    typer.Option(
        "--from",
        help="The folder of the backups; or S3, for the copy at "
        "CHARTROOM_BACKUP_S3_URL.",
    ),
]
Into = Annotated[
    Path | None,
    typer.Option(help="The empty folder into which the copy is fetched."),
]
Kit = Annotated[
    Path | None,
    typer.Option(help="The recovery kit that opens the backups: its PDF or its text."),
]


@group.command()
def restore(  # noqa: PLR0917 - each is an option, and none is positional
    look: Look = False,
    go_back: GoBack = False,
    to: To = None,
    report: Report = None,
    reason: Reason = "",
    yes: Yes = False,
    servers_lost: ServersLost = False,
    keep: Keep = False,
    source: Source = None,
    into: Into = None,
    kit: Kit = None,
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
            _keep_open(settings, timestamp)
            return
        _require_usable(report, timestamp)
        ordered = OrderedRestore(settings, timestamp, report, store, into)
        if go_back:
            ordered.go_back(reason, is_sure=yes, are_servers_lost=servers_lost)
        else:
            ordered.look()


@dataclass(frozen=True, slots=True)
class OrderedRestore:
    """A time of the clinic in the data folder, and from where it is restored.

    Backups are fetched from `store` if there is one, otherwise they are the clinic's.
    """

    settings: "Settings"
    to: datetime | None
    report: Path | None
    store: "ObjectStore | None"
    into: Path | None

    def look(self) -> None:
        """Restore into a sandbox; print what is proven and going back would undo."""
        from dashboard.cli.backups import comparing, prove_backup
        from jobs.backups.looking import words_of

        settings = self.settings
        with explain_interruption(lambda: "nothing live was touched."):
            if (fetch := self._fetch_from_copy) is not None:
                update = {"backup_dir": fetch().folder}
                settings = settings.model_copy(update=update)
            with comparing(settings, self.to) as comparison:
                proof = prove_backup(settings, self.to, beside=comparison.compare)
            typer.echo(words_of(proof))
            for line in comparison.tell(self.report):
                typer.echo(line)

    def go_back(self, reason: str, *, is_sure: bool, are_servers_lost: bool) -> None:
        """Take the clinic itself back, once that is confirmed."""
        from dashboard.cli.going_back.taking_back import take_back, what_is_left

        data, began = self.settings.data, datetime.now(UTC)
        with explain_interruption(lambda: what_is_left(data, began)):
            take_back(
                self.settings,
                self.to,
                reason,
                report=self.report,
                is_sure=is_sure,
                are_servers_lost=are_servers_lost,
                fetched=self._fetch_from_copy,
            )

    @property
    def _fetch_from_copy(self) -> "Callable[[], Repository] | None":
        return None if self.store is None else partial(self._fetch, self.store)

    def _fetch(self, store: "ObjectStore") -> "Repository":
        """Fetch from a copy what the time needs, with the clinic's own keys."""
        from dashboard.cli.recovery.copies import fetch
        from db.embedded import DataFolder
        from db.files.file_keys import FileKeys

        return fetch(
            self.settings,
            store,
            FileKeys.of(self.settings),
            self.to,
            into=self.into,
            system_id=DataFolder(self.settings.data).system_id(),
        )


def _keep_open(settings: "Settings", to: datetime | None) -> None:
    from dashboard.cli.recovery.looks import keep_open

    for line in keep_open(settings, to):
        typer.echo(line)


def _store_of(settings: "Settings", source: str | None) -> "ObjectStore | None":
    """Return the store that --from names; None for a folder, and without --from."""
    if source is None:
        return None
    from dashboard.cli.recovery.copies import find_store

    return find_store(settings, source)


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


def _time_of(settings: "Settings", typed: str | None) -> datetime | None:
    """Return the time of --to, if it was given. Raises CannotRestore."""
    if typed is None:
        return None
    from dashboard.cli.clinic_clock import read_time

    return read_time(settings, typed)
