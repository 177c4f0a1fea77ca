"""`restore --go-back`: shows what it would undo, asks, and takes the clinic back."""

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import typer

from dashboard.cli.backups import table_of, write_lists
from services.core.actors import CONSOLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dashboard.wiring import Wiring
    from db.backups.repository import Repository
    from db.settings import Settings
    from jobs.backups.going_back.restoring import LiveClinic, ProvenRestore

_LONGEST_REASON: Final = 500


def take_back(
    settings: "Settings",
    to: datetime | None,
    reason: str,
    *,
    report: Path | None = None,
    is_sure: bool = False,
    are_servers_lost: bool = False,
    fetched: "Callable[[], Repository] | None" = None,
) -> None:
    """Take the clinic back to a time, once that has been confirmed.

    The clinic runs, unless its servers are lost: then MongoDB alone is started.
    `fetched` fetches the backups to go back from, if they are not the clinic's own.
    Raises CannotRestore and CannotStart; then the clinic is as it was.
    """
    from dashboard.cli.clinic_clock import write_time
    from dashboard.cli.going_back.closing import closed
    from db.backups.replaced_data import list_before
    from db.embedded import DataFolder
    from jobs.backups.going_back.replaying import GoingBackOrder
    from jobs.backups.going_back.restoring import go_back

    to, reason = _require_complete(settings, to, reason)
    folder, zone = DataFolder(settings.data), ZoneInfo(settings.timezone)
    source = None
    if fetched is not None:
        _require_own_backups(settings)
        source = fetched()
    with _connected(settings, are_servers_lost=are_servers_lost) as wired:
        confirmation = Confirmation(
            settings.clinic_name, to.astimezone(zone), report, is_sure=is_sure
        )
        went = go_back(
            live_clinic(wired, settings, source),
            GoingBackOrder(to, reason, CONSOLE),
            confirm=confirmation.confirm,
            closed=(
                contextlib.nullcontext
                if are_servers_lost
                else partial(closed, settings)
            ),
            report=lambda stage, seconds: typer.echo(f"  {stage:<40}{seconds:6.1f} s"),
        )
    if are_servers_lost:
        typer.echo("Start it with script/server.")
    typer.echo(
        f"The clinic is as it was at {write_time(to, zone)}. Files brought back: "
        f"{went.files_returned}; later files, set aside: {went.files_aside}. "
        "Everybody has to sign in again."
    )
    if source is not None:
        typer.echo(f"The fetched copy is in {source.folder}: delete it if you like.")
    for before in list_before(folder.path)[-1:]:
        typer.echo(
            f"The servers' previous data is in {before.path} until a later restore is "
            "proven: run python -m dashboard restore --look after the next backup."
        )


def live_clinic(
    wired: "Wiring", settings: "Settings", source: "Repository | None" = None
) -> "LiveClinic":
    """Return the clinic in the data folder, in the form needed to go back.

    It goes back from its own backups, or from `source`: then its own log continues
    afterwards.
    """
    from db.backups.log.archive import LogArchive
    from db.embedded import DataFolder
    from jobs.backups.going_back.restoring import LiveClinic

    own = wired.backups
    return LiveClinic(
        DataFolder(settings.data),
        source or own,
        wired.file_keys,
        wired.seal_keys.read_or_make(),
        wired.database,
        wired.files,
        wired.audit,
        timedelta(days=settings.backup_kept_days),
        LogArchive(own.folder, own.system_id or "", wired.file_keys)
        if source is not None
        else None,
    )


def what_is_left(data: Path, began: datetime) -> str:
    """Return what the clinic is after going back, begun at a time, was stopped."""
    from db.backups.replaced_data import list_before
    from db.embedded import DataFolder
    from db.embedded.replacement import Replacement

    replacement = Replacement(DataFolder(data))
    # The name of the folder put aside has no fractions of a second.
    since = began.replace(microsecond=0)
    went_back = any(each.replaced_at >= since for each in list_before(data))
    if went_back or replacement.is_ready or replacement.is_placed:
        return (
            "the data of that time were complete, so the clinic opens as it was then."
        )
    return "the clinic is as it was."


@contextlib.contextmanager
def _connected(settings: "Settings", *, are_servers_lost: bool) -> "Iterator[Wiring]":
    from dashboard import wiring
    from db.backups.backup_errors import CannotRestore

    if are_servers_lost:
        with wiring.without_rows(settings) as wired:
            yield wired
        return
    try:
        connected = wiring.connect(settings)
    except wiring.NotRunning as error:
        raise CannotRestore(
            f"{error} If its servers no longer start, add --servers-lost."
        ) from error
    with contextlib.closing(connected) as wired:
        if wired.endpoints.main_url is not None:
            raise CannotRestore(
                "This is a standby site, which follows the main site: go back there. "
                "Nothing was done."
            )
        yield wired


def _require_complete(
    settings: "Settings", to: datetime | None, reason: str
) -> tuple[datetime, str]:
    from db.backups.backup_errors import CannotRestore

    reason = " ".join(reason.split())
    if not settings.is_embedded:
        raise CannotRestore(
            "Chartroom only takes back servers that it starts itself. Restore your "
            "own servers with their own tools, PostgreSQL and MongoDB to the same "
            "time; docs/runbooks/restore.md says what must then be done to the rows."
        )
    if to is None:
        raise CannotRestore("Name the time to go back to with --to. Nothing was done.")
    if not reason:
        raise CannotRestore(
            "Give the reason for going back with --reason: the audit log keeps it. "
            "Nothing was done."
        )
    if len(reason) > _LONGEST_REASON:
        raise CannotRestore(
            f"The reason is longer than {_LONGEST_REASON} characters: shorten it."
        )
    return to, reason


def _require_own_backups(settings: "Settings") -> None:
    """Raise CannotRestore if the clinic's own backups are gone.

    Their log continues after the clinic went back, and has to record the span in which
    it leads nowhere.
    """
    from dashboard.wiring import backups_of
    from db.backups.backup_errors import CannotRestore

    own = backups_of(settings)
    if own.system_id is None:
        raise CannotRestore(
            f"The clinic's own backups are not in {own.folder}, and its log could not "
            "continue there. Fetch them with --look --from S3, set "
            "CHARTROOM_BACKUP_DIR to the folder into which they are fetched, restart, "
            "and go back without --from. Nothing was done."
        )


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Shows what going back would undo, and asks for a typed confirmation.

    `to` is in the clinic's time zone.
    """

    clinic_name: str
    to: datetime
    report: Path | None
    is_sure: bool

    def confirm(self, restore: "ProvenRestore") -> None:
        """Show and ask; raises CannotRestore unless it is confirmed."""
        from dashboard.cli.clinic_clock import write_time
        from db.backups.backup_errors import CannotRestore
        from jobs.backups.looking import words_of

        typer.echo(words_of(restore.proof))
        self._tell(restore)
        if self.is_sure:
            return
        then = write_time(self.to, self.to.tzinfo or UTC)
        typer.echo(
            f"The clinic closes for about a minute, and reopens as it was at {then}. "
            "Everybody has to sign in again. Purges, erasures and revocations since "
            "then stay in force."
        )
        wanted = f"{self.clinic_name} or {self.to.isoformat()}"
        try:
            typed = typer.prompt(f"Type {wanted} to go back", default="").strip()
        except typer.Abort:
            typed = ""
        if typed not in {self.clinic_name, self.to.isoformat()}:
            raise CannotRestore("Not confirmed: nothing was changed.")

    def _tell(self, restore: "ProvenRestore") -> None:
        if restore.lists is None:
            typer.echo("The changes since then cannot be listed: no server answers.")
            return
        typer.echo("Changes since then, which going back will undo:")
        for line in table_of(restore.lists):
            typer.echo(line)
        typer.echo(
            "Not listed: doctors and their hours, tags, views, settings and anything "
            "else that was changed since."
        )
        if self.report is not None:
            typer.echo(write_lists(restore.lists, self.report))
