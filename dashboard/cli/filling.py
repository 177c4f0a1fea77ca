"""Commands that fill the database: with patients, with rules, with own lists."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo

import typer

from dashboard.cli.explaining import explain_errors
from dashboard.cli.options import Data, choose
from services.core.actors import CONSOLE, FHIR_IMPORTER, SYNTHEA_IMPORTER

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn
    from rich.table import Table
    from sqlalchemy.orm import Session

    from db.settings import Settings
    from services.consultations.code_lists import ListChanges
    from services.demo.importing import FileSummary, TypeSummary

_COLUMNS: Final = (
    "New",
    "Updated",
    "Unchanged",
    "Kept",
    "Left out",
    "Rejected",
)

group = typer.Typer()


@group.command()
def import_synthea(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder of Synthea's CSV files.")
    ],
    rejects: Annotated[
        Path, typer.Option(help="The file in which to list rejected lines.")
    ] = Path("rejects.csv"),
    data: Data = None,
) -> None:
    """Import patients and doctors from Synthea; it can be repeated."""
    with explain_errors():
        take_over(choose(data=data), folder, rejects)


def take_over(settings: "Settings", path: Path, rejects: Path) -> None:
    """Import a folder; raises CannotImport before anything is started."""
    from rich.console import Console
    from rich.progress import TaskProgressColumn

    from dashboard import wiring
    from db.postgres import SYSTEM
    from services.demo import importing

    folder = importing.Folder.find(path)
    console = Console()
    with (
        importing.RejectsFile(rejects).replacing() as listed,
        wiring.attached(settings, may_create=True) as wired,
        _progress(console, TaskProgressColumn(show_speed=True)) as progress,
    ):
        shown = _Shown(progress, folder.size_bytes)

        def import_all(session: "Session") -> "tuple[FileSummary, ...]":
            shown.restart()  # after a failover all is read again
            return importing.import_synthea(
                session,
                SYNTHEA_IMPORTER,
                folder,
                listed,
                today=_today(settings),
                report=shown.advance,
            )

        summaries = wired.database.write(import_all, identity=SYSTEM).value
    console.print(_table_of_files(summaries))
    _explain(
        console, summaries, f"Rejected lines and the reasons are listed in {rejects}."
    )


@group.command()
def import_fhir(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="FILE_OR_FOLDER", help="A FHIR R4 bundle, or a folder of bundles."
        ),
    ],
    rejects: Annotated[
        Path, typer.Option(help="The file in which to list rejected resources.")
    ] = Path("rejects.csv"),
    contacts: Annotated[
        bool,
        typer.Option(
            "--contacts",
            help="Import e-mail addresses and phone numbers: they get messages.",
        ),
    ] = False,
    data: Data = None,
) -> None:
    """Import patients from FHIR R4 bundles; it can be repeated."""
    with explain_errors():
        take_bundles(choose(data=data), path, rejects, with_contacts=contacts)


def take_bundles(
    settings: "Settings", path: Path, rejects: Path, *, with_contacts: bool = False
) -> None:
    """Import bundles; raises CannotImport, and then nothing was imported."""
    from rich.console import Console
    from rich.progress import TaskProgressColumn

    from dashboard import wiring
    from db.postgres import SYSTEM
    from services.demo import importing

    bundles = importing.Bundles.find(path)
    console = Console()
    with (
        importing.RejectsFile(rejects, importing.OF_RESOURCES).replacing() as listed,
        wiring.attached(settings, may_create=True) as wired,
        _progress(console, TaskProgressColumn(show_speed=True)) as progress,
    ):
        shown = _Shown(progress, bundles.size_bytes)

        def import_all(session: "Session") -> "tuple[TypeSummary, ...]":
            shown.restart()  # after a failover all is read again
            return importing.import_fhir(
                session,
                FHIR_IMPORTER,
                bundles,
                listed,
                today=_today(settings),
                with_contacts=with_contacts,
                report=shown.advance,
            )

        summaries = wired.database.write(import_all, identity=SYSTEM).value
    console.print(_table_of_types(summaries))
    _explain(
        console,
        summaries,
        f"Rejected resources and the reasons are listed in {rejects}.",
    )


@group.command()
def import_codes(
    kind: Annotated[str, typer.Argument(metavar="drugs|diagnoses")],
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The list, as CSV in UTF-8.")
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Only show what would change.")
    ] = False,
    use: Annotated[
        str | None,
        typer.Option(
            metavar="own|both|built-in",
            help="Which list to offer from now on; by default, the current choice.",
        ),
    ] = None,
    data: Data = None,
) -> None:
    """Import a CSV file as the clinic's own list of drugs or diagnoses."""
    with explain_errors():
        changes = take_list(choose(data=data), kind, file, check=check, use=use)
        for name, entries in (
            ("New", changes.new),
            ("Changed", changes.changed),
            ("Retired", changes.gone),
        ):
            for entry in entries:
                typer.echo(f"{name}: {entry}")
        typer.echo(
            f"{len(changes.new):,} new, {len(changes.changed):,} changed, "
            f"{len(changes.gone):,} retired, {changes.unchanged:,} unchanged."
        )
        if check:
            typer.echo("Only checked: nothing was changed.")


def take_list(
    settings: "Settings", kind: str, file: Path, *, check: bool, use: str | None
) -> "ListChanges":
    """Return what a file changes in the clinic's own list; take it unless `check`.

    Raises UnreadableList, with each line that cannot be taken, and InvalidInput.
    """
    from dashboard import wiring
    from db.postgres import SYSTEM
    from services.consultations import code_lists

    parsed, source = code_lists.open_list(kind, file, use)

    def take(session: "Session") -> "ListChanges":
        changes = code_lists.compare(session, CONSOLE, parsed)
        if check:
            return changes
        code_lists.import_list(session, CONSOLE, parsed, version=changes.version)
        if source is not None:
            code_lists.choose(session, CONSOLE, parsed.kind, source)
        return changes

    with wiring.attached(settings, may_create=True) as wired:
        return wired.database.write(take, identity=SYSTEM).value


@group.command()
def seed(
    patients: Annotated[
        int, typer.Option(min=0, help="How many there should be in the end.")
    ],
    seed_number: Annotated[
        int,
        typer.Option(min=0, help="The random seed: another number makes other people."),
    ] = 1,
    events: Annotated[
        int,
        typer.Option(min=0, max=100, help="How many dated entries each patient gets."),
    ] = 0,
    data: Data = None,
) -> None:
    """Fill the database with an invented clinic."""
    with explain_errors():
        invent(choose(data=data), patients, seed_number, events)


def invent(settings: "Settings", patients: int, seed_number: int, events: int) -> None:
    """Bring the clinic up to `patients` patients, each with `events` dated entries."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn

    from dashboard import wiring
    from services.demo import seeding

    console = Console()
    with (
        wiring.attached(settings, may_create=True) as wired,
        _progress(console, MofNCompleteColumn()) as progress,
    ):
        filling = progress.add_task("Patients", total=patients)
        added = seeding.seed(
            wired.database,
            patients=patients,
            seed_number=seed_number,
            today=_today(settings),
            calendar=wiring.calendar(settings),
            report=lambda there: progress.update(filling, completed=there),
        )
        happened = 0
        if events:
            giving = progress.add_task("Events of patients", total=patients)
            happened = seeding.add_events(
                wired.database,
                patients=patients,
                events=events,
                seed_number=seed_number,
                today=_today(settings),
                report=lambda there: progress.update(giving, completed=there),
            )
    console.print(
        f"Added {added:,} invented patients."
        if added
        else f"Nothing to add: {patients:,} invented patients are there already."
    )
    if events:
        console.print(f"Added {happened:,} dated entries of their records.")


@group.command()
def unique_emails(
    off: Annotated[
        bool, typer.Option("--off", help="Instead, allow families to share an address.")
    ] = False,
    data: Data = None,
) -> None:
    """Allow each e-mail address for one patient only; refused while some are shared."""
    with explain_errors():
        require_unique_emails(choose(data=data), is_wanted=not off)
    typer.echo(
        "Patients may share an e-mail address."
        if off
        else "From now on, an e-mail address belongs to one patient only."
    )


def require_unique_emails(settings: "Settings", *, is_wanted: bool) -> None:
    """Set the rule in the running database; raises EmailsShared, PatientsBusy."""
    from dashboard import wiring
    from db.postgres import SYSTEM
    from services.patients.records import unique_emails

    with wiring.attached(settings) as wired:
        wired.database.write(
            lambda session: unique_emails.require_unique(
                session, CONSOLE, is_wanted=is_wanted
            ),
            identity=SYSTEM,
        )


class _Shown:
    """Progress of an import: bytes while it reads, then only that it is saving."""

    def __init__(self, progress: "Progress", size: int) -> None:
        self._progress = progress
        self._size = size
        self._left = size
        self._reading = progress.add_task("Reading", total=size)
        self._saving = progress.add_task(
            "Saving", total=None, start=False, visible=False
        )

    def restart(self) -> None:
        self._left = self._size
        self._progress.reset(self._reading)
        self._progress.update(self._saving, visible=False)

    def advance(self, size: int) -> None:
        self._left -= size
        self._progress.advance(self._reading, size)
        if self._left <= 0:
            self._progress.start_task(self._saving)
            self._progress.update(self._saving, visible=True)


def _progress(console: "Console", figures: "ProgressColumn") -> "Progress":
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        figures,
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _today(settings: "Settings") -> date:
    return datetime.now(ZoneInfo(settings.timezone)).date()


def _explain(
    console: "Console",
    summaries: "Sequence[FileSummary | TypeSummary]",
    rejected: str,
) -> None:
    """Print what "Kept" means, and where rejects are listed."""
    if any(summary.outcome and summary.outcome.kept for summary in summaries):
        console.print("Kept: somebody edited, archived or merged these in Chartroom.")
    if any(summary.rejected for summary in summaries):
        console.print(rejected)


def _table_of_files(summaries: "tuple[FileSummary, ...]") -> "Table":
    rows = [(summary.file, summary.lines, summary) for summary in summaries]
    return _table("File", "Lines", rows)


def _table_of_types(summaries: "tuple[TypeSummary, ...]") -> "Table":
    rows = [(summary.type, summary.resources, summary) for summary in summaries]
    return _table("Type", "Resources", rows)


def _table(
    name: str, count: str, rows: "Sequence[tuple[str, int, FileSummary | TypeSummary]]"
) -> "Table":
    from rich.table import Table

    table = Table(name, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in (count, *_COLUMNS):
        table.add_column(column, justify="right")
    for name_, number, summary in rows:
        outcome = summary.outcome
        counts = (
            (outcome.new, outcome.updated, outcome.unchanged, outcome.kept)
            if outcome
            else (None,) * 4
        )
        cells = (number, *counts, summary.left_out, summary.rejected)
        table.add_row(name_, *("" if cell is None else f"{cell:,}" for cell in cells))
    return table
