"""What the commands import-synthea and seed do and show in a terminal."""

from datetime import date, datetime
from pathlib import Path
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from sqlalchemy.orm import Session

from dashboard import wiring
from db.postgres import SYSTEM
from db.settings import Settings
from services.core.actors import Actor, Role
from services.demo import importing, seeding

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
        _progress(console, TaskProgressColumn(show_speed=True)) as progress,
    ):
        shown = _Shown(progress, folder.size_bytes)

        def take_over(session: Session) -> tuple[importing.FileSummary, ...]:
            shown.restart()  # after a failover all is read again
            return importing.import_synthea(
                session,
                _IMPORTER,
                folder,
                listed,
                today=_today(settings),
                report=shown.advance,
            )

        summaries = wired.database.write(take_over, acting=SYSTEM).value
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
    console.print(
        f"Added {added:,} invented patients."
        if added
        else f"Nothing to add: {patients:,} invented patients are there already."
    )


class _Shown:
    """How far an import is: bytes while it reads, then only that it saves."""

    def __init__(self, progress: Progress, size: int) -> None:
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


def _progress(console: Console, figures: ProgressColumn) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        figures,
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _today(settings: Settings) -> date:
    return datetime.now(ZoneInfo(settings.timezone)).date()


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
