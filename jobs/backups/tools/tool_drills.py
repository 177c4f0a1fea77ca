"""What restore drills need to know about a tool's backups before they begin."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from db.files import private_files
from jobs.backups.tools.tool_asking import ToolAsker


@dataclass(frozen=True, slots=True)
class ToolBackups:
    """A tool's backups by its last answer, and the folder for drills."""

    asker: ToolAsker
    folder: Path

    @property
    def is_busy(self) -> bool:
        """Whether a backup is being made."""
        state = self.asker.state
        return state is not None and state.report is not None and state.report.is_busy

    def oldest_at(self) -> datetime | None:
        """Return when the oldest backup ended; None while no second is known."""
        state = self.asker.state
        window = state.window if state is not None else None
        return window[0] if window else None

    @contextmanager
    def drilling(self) -> Iterator[bool]:
        """Keep others from drills in the block; yield False if one is running."""
        try:
            private_files.make_folder(self.folder)
            lock = (self.folder / "drills").open("a")
        except OSError:
            # The drill itself reports why.
            yield True
            return
        with lock:
            yield private_files.try_lock(lock)
