"""A clinic's own tool for backing up PostgreSQL: our stand-in, or Barman itself."""

import getpass
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import psycopg2
from psycopg2.extensions import parse_dsn

from db.backups.tools.backup_tool import BackupTool
from db.backups.tools.barman import BarmanReader
from db.backups.tools.reading import ToolReader
from db.backups.tools.tool_report import ToolBackup, ToolReport
from db.embedded import Cluster
from db.embedded.processes import programs
from tests.kit.waiting import eventually

_SERVER: Final = "clinic"
# The worker keeps what belongs to a tool under the tool's name.
_PEER: Final = "peer"
# Like Barman's restore: the pages, a restore_command and a recovery target.
_RESTORING: Final = """
import json, shutil, sys
from pathlib import Path
words = sys.argv[1:]
here = Path(__file__).parent
starts = json.loads((here / "starts.json").read_text())
starts.append(words)
(here / "starts.json").write_text(json.dumps(starts))
mode = (here / "mode").read_text()
if mode == "fails":
    sys.exit(3)
if mode == "elsewhere":
    sys.exit(0)
folder = Path(words[-1])
shutil.copytree(here / words[-2], folder)
(folder / "recovery.signal").touch()
lines = [
    f"restore_command = 'cp {here}/log/%f %p'",
    "recovery_target_action = 'pause'",
    "archive_mode = 'on'",
]
for kind in ("time", "lsn"):
    if f"--target-{kind}" in words:
        value = words[words.index(f"--target-{kind}") + 1]
        lines.append(f"recovery_target_{kind} = '{value}'")
if "--exclusive" in words:
    lines.append("recovery_target_inclusive = 'off'")
with (folder / "postgresql.auto.conf").open("a") as file:
    file.write("".join(line + chr(10) for line in lines))
"""
_CONFIGURATION: Final = """
[barman]
barman_home = {home}
barman_user = {user}
log_file = {home}/barman.log

[{server}]
description = The clinic
conninfo = {url} user=postgres dbname=postgres
streaming_conninfo = {url} user=replicator
backup_method = postgres
streaming_archiver = on
slot_name = barman
create_slot = auto
path_prefix = {path}
"""


@dataclass(frozen=True, slots=True)
class ArchivingTool:
    """A program that has made a backup and receives the log, with its folder."""

    tool: BackupTool
    reader: ToolReader
    folder: Path
    cluster: Cluster
    environment: dict[str, str] = field(repr=False)

    def archive(self) -> None:
        """End the current segment, so that it is archived."""
        switch(self.cluster)
        if self.is_barman:
            self.run("archive-wal", _PEER)

    @property
    def is_barman(self) -> bool:
        """Whether this is the real Barman."""
        return isinstance(self.reader, BarmanReader)

    def be(self, mode: str) -> None:
        """Make the stand-in misbehave in this way."""
        (self.folder / "mode").write_text(mode)

    def starts(self) -> list[list[str]]:
        """Return the arguments of each start of the stand-in."""
        words: list[list[str]] = json.loads((self.folder / "starts.json").read_text())
        return words

    def run(self, *words: str) -> None:
        """Run one of Barman's commands."""
        subprocess.run(
            [*self.tool.command, *words],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            check=True,
            capture_output=True,
        )


class _StandInReader:
    """Reports the one backup, and the newest segment in the archive."""

    def __init__(self, folder: Path, stopped_at: datetime, system_id: str) -> None:
        self._log = folder / "log"
        self._stopped_at = stopped_at
        self._system_id = system_id

    def read(self, segment_bytes: int) -> ToolReport:
        del segment_bytes
        names = [p.name for p in self._log.iterdir() if len(p.name) == 24]
        backup = ToolBackup("B1", "full", self._stopped_at, 50_000_000)
        return ToolReport((backup,), max(names, default=""), self._system_id)


def switch(cluster: Cluster) -> None:
    """Write something, and end the current segment."""
    url = cluster.addresses.primary_url("postgres", "postgres")
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("SELECT txid_current(), pg_switch_wal()")


@contextmanager
def stand_in(cluster: Cluster, folder: Path) -> Iterator[ArchivingTool]:
    """Make a base backup, and receive the log from before it."""
    log = folder / "log"
    log.mkdir(parents=True)
    (folder / "starts.json").write_text("[]")
    (folder / "mode").write_text("")
    program = folder / "tool.py"
    program.write_text(_RESTORING)
    binaries = programs.find(cluster.folder.path)
    passwords = cluster.addresses.secrets
    url = f"{_hosts(cluster)} user=replicator password={passwords['replicator']}"
    environment = binaries.environment
    receiver = subprocess.Popen(
        [binaries.of_postgres("pg_receivewal"), "-D", str(log), "-d", url, "-n"],
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: any(log.iterdir()))
        subprocess.run(
            [
                *(binaries.of_postgres("pg_basebackup"), "-d", url, "-X", "none"),
                *("-D", str(folder / "B1"), "--checkpoint=fast", "--no-sync"),
            ],
            env=environment,
            check=True,
            capture_output=True,
        )
        stopped_at = datetime.now(UTC).replace(microsecond=0)
        tool = BackupTool("barman", _SERVER, (sys.executable, str(program)))
        reader = _StandInReader(folder, stopped_at, cluster.folder.system_id() or "")
        yield ArchivingTool(tool, reader, folder, cluster, environment)
    finally:
        receiver.send_signal(signal.SIGINT)
        receiver.wait()


@contextmanager
def barman(cluster: Cluster, folder: Path, program: str) -> Iterator[ArchivingTool]:
    """Make Barman take a backup and receive the log."""
    folder.mkdir()
    passwords = cluster.addresses.secrets
    passfile = folder / "passwords"
    passfile.touch(mode=0o600)
    logins = ("postgres", "replicator")
    passfile.write_text("".join(f"*:*:*:{each}:{passwords[each]}\n" for each in logins))
    binaries = programs.find(cluster.folder.path)
    configuration = folder / "barman.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            home=folder,
            user=getpass.getuser(),
            server=_PEER,
            url=_hosts(cluster),
            path=binaries.postgres.parent,
        )
    )
    environment = os.environ | {"PGPASSFILE": str(passfile)}
    command = (
        *("env", f"PGPASSFILE={passfile}", program),
        *("-c", str(configuration)),
    )
    tool = BackupTool("barman", _PEER, command)
    made = ArchivingTool(tool, BarmanReader(tool), folder, cluster, environment)
    with (folder / "receiver.log").open("wb") as log:
        receiver = subprocess.Popen(
            [*command, "receive-wal", _PEER], env=environment, stdout=log, stderr=log
        )
    try:
        time.sleep(2)
        # It waits for the segment to arrive; Barman makes no backup before that.
        made.run("switch-wal", "--force", "--archive", _PEER)
        made.run("backup", _PEER)
        yield made
    finally:
        receiver.send_signal(signal.SIGINT)
        receiver.wait()


def find_barman() -> str | None:
    """Return Barman's program if it is installed, and rsync, with which it restores."""
    named = os.environ.get("BARMAN") or "barman"
    return shutil.which(named) if shutil.which("rsync") else None


def _hosts(cluster: Cluster) -> str:
    address = parse_dsn(cluster.addresses.administrator_url)
    names = ("host", "port", "target_session_attrs")
    return " ".join(f"{name}={address[name]}" for name in names if name in address)
