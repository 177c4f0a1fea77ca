"""Which tool backs up the clinic's PostgreSQL, and how it is called."""

import re
import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Self, cast

if TYPE_CHECKING:
    from db.postgres import Lsn

Program = Literal["barman", "pgbackrest"]

_NAMED: Final = re.compile(r"(barman|pgbackrest):([A-Za-z0-9_][A-Za-z0-9_.-]{0,62})")
_TITLES: Final[dict[Program, str]] = {"barman": "Barman", "pgbackrest": "pgBackRest"}


@dataclass(frozen=True, slots=True)
class BackupTool:
    """A tool, and its name for the clinic's servers; `command` starts it."""

    program: Program
    server: str
    command: tuple[str, ...]

    @classmethod
    def parse(cls, named: str, command: str | None = None) -> Self:
        """Parse `barman:SERVER` or `pgbackrest:STANZA`; raises ValueError."""
        match = _NAMED.fullmatch(named)
        if match is None:
            raise ValueError(
                "write barman:SERVER or pgbackrest:STANZA, with the name by which the "
                "tool knows these servers: letters, digits, dots, - and _"
            )
        program = cast("Program", match[1])
        words = tuple(shlex.split(command or program))
        if not words:
            raise ValueError("write the command that starts the tool")
        return cls(program, match[2], words)

    def __str__(self) -> str:
        return f"{self.program}:{self.server}"

    @property
    def label(self) -> str:
        """The tool's name in texts."""
        return _TITLES[self.program]

    @property
    def backup_command(self) -> str:
        """The command that makes a backup."""
        if self.program == "barman":
            return f"barman backup {self.server}"
        return f"pgbackrest --stanza={self.server} backup"

    def restore_arguments(
        self, backup: str, folder: Path, target: "datetime | Lsn"
    ) -> tuple[str, ...]:
        """Return the arguments for restoring a backup into a folder.

        It is restored up to a time or a position, where PostgreSQL has to stand still:
        at a position, just before what begins at it.
        """
        if isinstance(target, datetime):
            # Without a space, in case it passes through a shell.
            kind, value = "time", target.astimezone(UTC).isoformat()
        else:
            kind, value = "lsn", str(target)
        is_place = kind == "lsn"
        if self.program == "barman":
            return (
                *("restore", "--no-get-wal", f"--target-{kind}", value),
                *(("--exclusive",) if is_place else ()),
                *("--target-action", "pause", self.server, backup, str(folder)),
            )
        return (
            *(f"--stanza={self.server}", f"--pg1-path={folder}", f"--set={backup}"),
            *(f"--type={kind}", f"--target={value}", "--target-action=pause"),
            *(("--target-exclusive",) if is_place else ()),
            "restore",
        )

    def restore_command(self, to: datetime | None) -> str:
        """Return the command that restores a time, for the machine to be restored."""
        time = f"{to.astimezone(UTC):%Y-%m-%d %H:%M:%S}+00" if to else "TIME"
        if self.program == "barman":
            return f'barman restore --target-time "{time}" {self.server} auto FOLDER'
        return (
            f'pgbackrest --stanza={self.server} --type=time --target="{time}" restore'
        )
