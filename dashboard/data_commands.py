"""What the commands import-synthea and seed do and show in a terminal."""

from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from sqlalchemy.orm import Session

from dashboard import wiring
from db.settings import Settings
from services import importing, seeding
from services.actors import Actor, Role

_IMPORTER: Final = Actor(
    UUID("0198c0de-1427-7000-8000-000000000001"), "import-synthea", Role.ADMIN
)
_COLUMNS: Final = (
    "Lines",
    "New",
    "Updated",
    "Unchanged",
    "Kept",
    "Left out",
    "Rejected",
)


def import_synthea(settings: Settings, path: Path, rejects: Path) -> None:
    """Take over a folder; raises importing.CannotImport before anything is started."""
    folder = importing.Folder.find(path)
    console = Console()
    with (
        importing.RejectsFile(rejects).replacing() as listed,
        wiring.attached(settings) as wired,
        Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        ) as progress,
    ):
        reading = progress.add_task("Reading", total=folder.size_bytes)
        today = datetime.now(ZoneInfo(settings.timezone)).date()

        def advance(size: int) -> None:
            progress.advance(reading, size)
            if progress.finished:
                progress.update(reading, description="Saving")

        def take_over(session: Session) -> tuple[importing.FileSummary, ...]:
            # A failover makes it start again.
            progress.reset(reading, description="Reading")
            return importing.import_synthea(
                session,
                _IMPORTER,
                folder,
                listed,
                today=today,
                report=advance,
            )

        summaries = wired.database.write(take_over).value
    console.print(_table(summaries))
    if any(summary.outcome and summary.outcome.kept for summary in summaries):
        console.print("Kept: somebody edited, archived or merged these in Chartroom.")
    if any(summary.rejected for summary in summaries):
        console.print(f"Rejected lines and the reasons are listed in {rejects}.")


def seed(settings: Settings, patients: int, seed_number: int) -> None:
    """Bring the invented clinic up to this many patients."""
    console = Console()
    with (
        wiring.attached(settings) as wired,
        Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        ) as progress,
    ):
        filling = progress.add_task("Patients", total=patients)
        added = seeding.seed(
            wired.database,
            patients=patients,
            seed_number=seed_number,
            today=datetime.now(ZoneInfo(settings.timezone)).date(),
            report=lambda there: progress.update(filling, completed=there),
        )
    console.print(
        f"Added {added:,} invented patients."
        if added
        else f"Nothing to add: {patients:,} invented patients are there already."
    )


def _table(summaries: tuple[importing.FileSummary, ...]) -> Table:
    table = Table("File", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in _COLUMNS:
        table.add_column(name, justify="right")
    for summary in summaries:
        outcome = summary.outcome
        counts = (
            (outcome.new, outcome.updated, outcome.unchanged, outcome.kept)
            if outcome
            else (None,) * 4
        )
        cells = (summary.lines, *counts, summary.left_out, summary.rejected)
        table.add_row(
            summary.file, *("" if cell is None else f"{cell:,}" for cell in cells)
        )
    return table
