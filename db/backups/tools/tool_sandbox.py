"""A PostgreSQL that a tool has restored: private, and thrown away again.

It is a sandbox like those of our own backups, except for the way in: the clinic's
administrators keep their superuser's password to themselves. So it listens on a socket
in a folder that nobody else enters, and on no port. Of its settings only those are kept
that lead to the target time: it must never archive into what it came from.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg2

from db.backups.backup_errors import CannotRestore, CheckSkipped, SetBroken
from db.backups.sandbox import Sandbox, alone
from db.backups.tools import asking
from db.backups.tools.asking import ToolNotRead
from db.backups.tools.backup_tool import BackupTool
from db.backups.tools.tool_report import ToolBackup
from db.embedded.processes import child_processes, programs
from db.embedded.processes.ports import PortReservations
from db.embedded.processes.programs import Programs, runs_as
from db.embedded.servers.configuration import DYNAMIC
from db.files import private_files
from db.postgres import Lsn

# A terabyte, from another machine.
_RESTORE_SECONDS: Final = 12 * 3600.0
# With a thousand segments between a backup and the time.
_REPLAY_SECONDS: Final = 3600.0
_LOOK_SECONDS: Final = 0.1
_ROOM_TO_SPARE: Final = 500_000_000
# What tools write so that PostgreSQL finds its log and stops at the target.
_OF_RECOVERY: Final = re.compile(r"^\s*(restore_command|recovery_target\w*)\s*=")
_CONTROLLED: Final[Mapping[str, str]] = {
    "max_connections": "max_connections",
    "max_worker_processes": "max_worker_processes",
    "max_wal_senders": "max_wal_senders",
    "max_prepared_xacts": "max_prepared_transactions",
    "max_locks_per_xact": "max_locks_per_transaction",
}
_CONTROL: Final = re.compile(r"^(\w+) setting: +(\d+)$", re.MULTILINE)
# Where distributions install the programs of each version.
_PLACES: Final = ("/usr/lib/postgresql/{}/bin", "/usr/pgsql-{}/bin")
_VERSION: Final = re.compile(r"\) (\d+)")
# The bootstrap superuser has the oid 10, whatever its name is.
_STATE: Final = (
    "SELECT pg_get_wal_replay_pause_state(), pg_last_wal_replay_lsn()::text, "
    "(SELECT rolname FROM pg_roles WHERE oid = 10)"
)


@dataclass(frozen=True, slots=True)
class ToolSandbox(Sandbox):
    """What a tool has restored, and the folder with the socket on which it answers."""

    sockets: Path

    @contextmanager
    def standing(
        self, database: str, login: str, place: Lsn | None = None
    ) -> Iterator[str]:
        """Run it until it stands at its target; yield a superuser's URL.

        `login` is any that the clinic has; if a position is given it has to stand
        there. Raises SetBroken.
        """
        kept = self._recovery_settings()
        # Present if the backup was taken from a standby.
        (self.data / "standby.signal").unlink(missing_ok=True)
        for name in ("postgresql.auto.conf", "pg_ident.conf"):
            self._write(name, "")
        self._write("recovery.signal", "")
        self._write("pg_hba.conf", "local all all trust\n")
        with PortReservations() as ports:
            port = ports.choose(["sandbox"], {})["sandbox"]
            here = {
                "listen_addresses": "",
                "unix_socket_directories": str(self.sockets),
            }
            self._write_settings(port, here)
            with (self.data / "postgresql.conf").open("a") as file:
                file.writelines(kept)
            with self._running() as process:
                superuser = self._await_target(
                    process, self._address(login, port, database), place
                )
                yield self._address(superuser, port, database)

    def _address(self, login: str, port: int, database: str) -> str:
        return (
            f"postgresql://{quote(login, safe='')}@/{quote(database, safe='')}"
            f"?host={quote(str(self.sockets), safe='')}&port={port}&connect_timeout=3"
        )

    def _recovery_settings(self) -> list[str]:
        """Return the lines that the tool wrote to lead to the target."""
        text = (self.data / "postgresql.auto.conf").read_text()
        lines = text.splitlines(keepends=True)
        return [line for line in lines if _OF_RECOVERY.match(line)]

    def _write_settings(self, port: int, more: Mapping[str, str]) -> None:
        # A standby needs values at least as high as the servers had, or PostgreSQL
        # allows no reads.
        control = dict(_CONTROL.findall(self._run("pg_controldata", str(self.data))))
        ours = DYNAMIC["postgresql"]["parameters"]
        least = {
            name: str(max(int(control.get(known, 0)), int(ours.get(name, 0))))
            for known, name in _CONTROLLED.items()
        }
        never = {"archive_mode": "off"}
        Sandbox._write_settings(self, port, {**least, **never, **more})

    def _await_target(
        self, process: "subprocess.Popen[bytes]", url: str, place: Lsn | None
    ) -> str:
        deadline = time.monotonic() + _REPLAY_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise SetBroken(
                    "The restored PostgreSQL did not reach its target: "
                    + child_processes.last_words(self.folder / "postgres.log")
                )
            try:
                state, reached, superuser = _ask(url)
            except psycopg2.OperationalError:
                state = reached = superuser = ""
            if state == "paused":
                if place is not None and Lsn.parse(reached) != place:
                    raise SetBroken(
                        f"The restored PostgreSQL stands at {reached}, not at {place}."
                    )
                return superuser
            time.sleep(_LOOK_SECONDS)
        raise SetBroken("The restored PostgreSQL did not reach its target in an hour.")


@contextmanager
def restored(
    tool: BackupTool,
    folder: Path,
    backup: ToolBackup,
    target: datetime | Lsn,
    *,
    name: str,
) -> Iterator[ToolSandbox]:
    """Have a tool restore a backup below a folder; all of it is deleted afterwards.

    Raises CannotRestore if it does not, and CheckSkipped if no program here could start
    what it restores.
    """
    place = folder / name
    with translated_errors(folder):
        private_files.make_folder(folder)
        _require_room(folder, backup)
    with alone(place):
        place.mkdir(mode=0o700)
        sockets = Path(tempfile.mkdtemp(prefix="chartroom-"))
        try:
            sandbox = ToolSandbox(place, programs.find(folder), "", sockets)
            _restore(tool, sandbox.data, backup, target)
            fitting = _programs_for(sandbox.data, sandbox.programs)
            owner = runs_as(folder)
            for path in (sockets, place, *place.rglob("*")):
                os.chown(path, *owner, follow_symlinks=False)
            yield replace(sandbox, programs=fitting)
        finally:
            shutil.rmtree(place)
            shutil.rmtree(sockets)


def _restore(
    tool: BackupTool, data: Path, backup: ToolBackup, target: datetime | Lsn
) -> None:
    words = tool.restore_arguments(backup.name, data, target)
    try:
        answer = asking.ask(tool, *words, seconds=_RESTORE_SECONDS)
    except ToolNotRead as error:
        raise CannotRestore(str(error)) from error
    if answer.code:
        raise CannotRestore(
            f"{tool.label} did not restore backup {backup.name} and ended with exit "
            f"code {answer.code}: run it by hand, as the worker's user, to see why."
        )
    if not (data / "PG_VERSION").exists():
        raise CannotRestore(
            f"{tool.label} restored backup {backup.name}, and nothing of it is in "
            f"{data}: drills need a tool that restores to the worker's own machine."
        )


def _programs_for(data: Path, ours: Programs) -> Programs:
    """Return the programs of the version that was restored; raises CheckSkipped.

    Those of the distribution come first, since its servers sort text as those do.
    """
    version = (data / "PG_VERSION").read_text().strip()
    for place in _PLACES:
        postgres = Path(place.format(version)) / "postgres"
        if postgres.exists():
            return replace(ours, postgres=postgres)
    finished = subprocess.run(  # noqa: S603
        [str(ours.postgres), "--version"],
        env=ours.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    own = _VERSION.search(finished.stdout)
    if own is None or own[1] != version:
        raise CheckSkipped(
            f"What was restored is of PostgreSQL {version}, which is not on the "
            "worker's machine: install its programs there."
        )
    return ours


def _require_room(folder: Path, backup: ToolBackup) -> None:
    needed = backup.size_bytes * 5 // 4 + _ROOM_TO_SPARE
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise CannotRestore(
            f"The disk of {folder} has {free // 1_000_000} MB free and a drill needs "
            f"{needed // 1_000_000} MB: free some, or name a folder on another disk "
            "with CHARTROOM_BACKUP_TOOL_SANDBOX."
        )


@contextmanager
def translated_errors(folder: Path) -> Iterator[None]:
    """Raise CannotRestore if the folder for drills cannot be used."""
    try:
        yield
    except OSError as error:
        raise CannotRestore(
            f"The folder {folder} for drills cannot be used "
            f"({(error.strerror or str(error)).lower()}): make it the worker's to "
            "write, or name another with CHARTROOM_BACKUP_TOOL_SANDBOX."
        ) from error


def _ask(url: str) -> tuple[str, str, str]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(_STATE)
        state, reached, superuser = cursor.fetchone() or ("", "", "")
        return state, reached, superuser
