"""What restore drills need to know of a tool's backups before they begin."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from db.files import private_files
from jobs.backups.tools.tool_asking import ToolAsker


@dataclass(frozen=True, slots=True)
class ToolBackups:
    """The backups of a tool, by its last answer, and the folder that drills are in."""

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
        """Tell whether nobody practises a restore, which nobody begins in the block."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (self.folder / "drills").open("a")
        except OSError:
            # The drill says why.
            yield True
            return
        with lock:
            yield private_files.try_lock(lock)
