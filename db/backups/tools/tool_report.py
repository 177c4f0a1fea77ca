"""What a tool reports of its backups, in the same terms for every tool."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

BackupKind = Literal["full", "differential", "incremental"]


@dataclass(frozen=True, slots=True)
class ToolBackup:
    """A backup that has ended; one with a problem is not relied on.

    `stopped_at` is by the clock of the tool's machine. If it `is_cut_off`, no log
    continues from it, so nothing before it leads past it either.
    """

    name: str
    kind: BackupKind
    stopped_at: datetime
    size_bytes: int
    problem: str = ""
    is_cut_off: bool = False


@dataclass(frozen=True, slots=True)
class ToolReport:
    """The backups, oldest first, and how far the archived log reaches.

    `last_wal` is the name of the newest segment in the archive, `system_id` the
    PostgreSQL that all of it belongs to, and `faults` are the tool's own complaints.
    """

    backups: tuple[ToolBackup, ...] = ()
    last_wal: str = ""
    system_id: str = ""
    is_busy: bool = False
    faults: tuple[str, ...] = ()

    @property
    def valid(self) -> tuple[ToolBackup, ...]:
        """The backups that can be restored, as far as the tool knows."""
        return tuple(each for each in self.backups if not each.problem)

    @property
    def newest(self) -> ToolBackup | None:
        """The newest backup that can be restored."""
        return max(self.valid, key=lambda each: each.stopped_at, default=None)

    @property
    def unbroken_since(self) -> datetime | None:
        """When the oldest backup ended from which the log is unbroken.

        Tools truncate times to whole seconds: so it is the second after.
        """
        unbroken = list(self._unbroken())
        if not unbroken:
            return None
        return unbroken[-1].stopped_at + timedelta(seconds=1)

    @property
    def problems(self) -> tuple[str, ...]:
        """The problems of backups, newest first."""
        return tuple(each.problem for each in reversed(self.backups) if each.problem)

    def _unbroken(self) -> Iterator[ToolBackup]:
        for each in reversed(self.backups):
            if each.is_cut_off:
                return
            if not each.problem:
                yield each
