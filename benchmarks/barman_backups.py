"""Barman and Chartroom, backing up and restoring the same PostgreSQL in turns.

    python -m benchmarks.barman_backups [--megabytes N] [--times N] [--barman PROGRAM]

Barman (https://pgbarman.org) is no part of Chartroom. Install it, and rsync, where you
like; if one of them is missing this says so and compares nothing:

    python -m venv /tmp/barman
    /tmp/barman/bin/pip install barman psycopg2-binary

Starts a clinic of its own with rows of that size. Both receive its log all the time:
Barman by its `receive-wal`, with `backup_method = postgres`, by pg_basebackup. Each
takes full backups, in turns; then one row in each 200th page is changed, and each
restores the second after that, in turns, until replay in the restored PostgreSQL has
paused there and it answers. Both have to return the same rows. Chartroom's backup is
sealed, compressed, verified, and also has files and audit log; Barman's is a copy of
the pages. The time that Barman needs to start, which is mostly Python's, is included
and also printed.
"""

import argparse
import getpass
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Final

import psycopg2
from psycopg2.extensions import parse_dsn
from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks.clinic import CHANGE, Clinic
from benchmarks.stages import Stages, Step
from db.backups.sandbox import Sandbox
from db.embedded.processes import programs
from db.embedded.processes.ports import PortReservations
from db.embedded.processes.programs import Programs, runs_as
from db.embedded.servers import database_roles
from db.embedded.servers.configuration import DYNAMIC
from jobs.backups.looking import look
from jobs.backups.taking import take

_SERVER: Final = "clinic"
_NAME: Final = "backup-peer"
_ROWS: Final = "SELECT count(*), sum(changes) FROM filled"
_PAUSED: Final = "SELECT pg_get_wal_replay_pause_state() = 'paused'"
_ANSWER_SECONDS: Final = 300.0
_LOOK_SECONDS: Final = 0.05
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
slot_name = barman_peer
create_slot = auto
path_prefix = {path}
"""


class WentWrong(Exception):
    """A command did not do what it was asked for."""


@dataclass(frozen=True, slots=True)
class _Barman:
    """Barman with a folder of its own, for one PostgreSQL."""

    program: str
    folder: Path
    environment: dict[str, str] = field(repr=False)

    @classmethod
    def of(cls, program: str, folder: Path, clinic: Clinic) -> "_Barman":
        """Configure it for a clinic."""
        address = parse_dsn(clinic.cluster.addresses.administrator_url)
        names = ("host", "port", "target_session_attrs")
        url = " ".join(f"{name}={address[name]}" for name in names)
        passwords = clinic.cluster.addresses.secrets
        lines = (
            f"*:*:*:{login}:{passwords[login]}\n"
            for login in ("postgres", "replicator")
        )
        folder.mkdir()
        passfile = folder / "passwords"
        passfile.touch(mode=0o600)
        passfile.write_text("".join(lines))
        binaries = programs.find(clinic.folder / "data")
        content = _CONFIGURATION.format(
            home=folder,
            user=getpass.getuser(),
            server=_SERVER,
            url=url,
            path=binaries.postgres.parent,
        )
        (folder / "barman.conf").write_text(content)
        environment = os.environ | {"PGPASSFILE": str(passfile)}
        return cls(program, folder, environment)

    def command(self, *words: str) -> list[str]:
        """Return one of its commands."""
        return [self.program, "-c", str(self.folder / "barman.conf"), "-q", *words]

    def run(self, *words: str) -> None:
        """Run one of its commands; raise WentWrong with its output."""
        finished = subprocess.run(
            self.command(*words),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode:
            log = (self.folder / "barman.log").read_text(errors="replace")[-2000:]
            raise WentWrong(
                f"barman {words[0]}: {finished.stderr}{finished.stdout}{log}"
            )

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """Have it receive the log until the block ends."""
        self.run("receive-wal", "--create-slot", _SERVER)
        with (self.folder / "receiver.log").open("wb") as log:
            receiver = subprocess.Popen(
                self.command("receive-wal", _SERVER),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            time.sleep(2)
            self.archive()
            yield
        finally:
            receiver.send_signal(signal.SIGINT)
            receiver.wait()

    def archive(self) -> None:
        """Have it archive what has been written so far, and wait for that."""
        self.run("switch-wal", "--force", "--archive", _SERVER)

    def back_up(self) -> None:
        """Take a backup, and wait for its log."""
        self.run("backup", "--wait", _SERVER)

    def restore(self, to: datetime, place: Path) -> None:
        """Restore the newest backup, set up for recovery to a time."""
        self.run(
            "recover",
            *("--target-time", f"{to:%Y-%m-%d %H:%M:%S.%f+00}"),
            *("--target-action", "pause", _SERVER, "latest", str(place)),
        )

    def size(self) -> int:
        """Return the size of its newest backup."""
        newest = max((self.folder / _SERVER / "base").iterdir())
        return sum(path.stat().st_size for path in newest.rglob("*") if path.is_file())


@dataclass(frozen=True, slots=True)
class _Comparison:
    """A clinic that both back up, and the folder for the peer's restores."""

    clinic: Clinic
    barman: _Barman
    place: Path
    binaries: Programs

    def restore_ours(self, to: datetime) -> tuple[float, tuple[int, ...]]:
        """Look at a time; return the seconds until it answered, and its rows."""
        rows: list[tuple[int, ...]] = []

        def read(session: Session) -> None:
            rows.append(tuple(session.execute(text(_ROWS)).one()))

        stages, began = Stages(), time.perf_counter()
        with stages.watching(Step(Sandbox, "started", "answers")):
            look(
                self.clinic.cluster.folder,
                self.clinic.repository,
                self.clinic.keys,
                to=to,
                beside=read,
            )
        return stages.ended["answers"] - began, rows[0]

    def restore_peers(self, to: datetime) -> tuple[float, tuple[int, ...]]:
        """Restore with Barman and start the result; return what `restore_ours` does."""
        began = time.perf_counter()
        data = self.place / "data"
        try:
            self.barman.restore(to, data)
            with self._started(data) as url:
                seconds = time.perf_counter() - began
                return seconds, _ask(url, _ROWS)
        finally:
            shutil.rmtree(data, ignore_errors=True)

    @contextmanager
    def _started(self, data: Path) -> Iterator[str]:
        """Start what was restored, as a sandbox of ours is, and wait for its answer."""
        # The settings of the clinic's own servers would make it follow them.
        for name in ("postgresql.base.conf", "pg_ident.conf", "patroni.dynamic.json"):
            (data / name).unlink(missing_ok=True)
        (data / "pg_hba.conf").write_text(
            "host all postgres 127.0.0.1/32 scram-sha-256"
        )
        for name in ("postgresql.conf", "pg_ident.conf"):
            (data / name).write_text("")
        owner = runs_as(self.clinic.folder / "data")
        for path in (data, *data.rglob("*")):
            os.chown(path, *owner)
        with PortReservations() as ports:
            port = ports.choose([_NAME], {})[_NAME]
            with (
                (self.place / "postgres.log").open("wb") as log,
                subprocess.Popen(
                    [*self.binaries.prefix, *self._command(data, port)],
                    env=self.binaries.environment,
                    cwd=self.place,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                ) as process,
            ):
                try:
                    password = self.clinic.cluster.addresses.secrets["postgres"]
                    url = (
                        f"postgresql://postgres:{password}@127.0.0.1:{port}/"
                        f"{database_roles.NAME}?sslmode=disable&gssencmode=disable"
                    )
                    self._await(process, url)
                    yield url
                finally:
                    process.terminate()
                    # A server in recovery ends at once when asked to.
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(10)
                    process.kill()

    def _command(self, data: Path, port: int) -> list[str]:
        settings = DYNAMIC["postgresql"]["parameters"] | {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "shared_buffers": "64MB",
            "logging_collector": "off",
            "fsync": "off",
        }
        options = (f"--{name}={value}" for name, value in settings.items())
        return [str(self.binaries.postgres), "-D", str(data), *options]

    def _await(self, process: "subprocess.Popen[bytes]", url: str) -> None:
        until = time.monotonic() + _ANSWER_SECONDS
        while time.monotonic() < until and process.poll() is None:
            with suppress(psycopg2.OperationalError):
                if _ask(url, _PAUSED) == (True,):
                    return
            time.sleep(_LOOK_SECONDS)
        words = (self.place / "postgres.log").read_text(errors="replace")
        raise WentWrong(f"What Barman restored does not answer: {words[-2000:]}")


def _ask(url: str, question: str) -> tuple[int, ...]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone() or ()


def _line(name: str, ours: list[float], peers: list[float]) -> float:
    ratio = median(ours) / median(peers)
    print(
        f"{name}: ours {median(ours):.1f} s, peer {median(peers):.1f} s, "
        f"ratio {ratio:.2f}",
        flush=True,
    )
    return ratio


def _timed_backups(comparison: _Comparison, times: int) -> float:
    """Back up in turns; print a line, and return the ratio of seconds."""
    clinic, barman = comparison.clinic, comparison.barman
    seconds: dict[str, list[float]] = {"ours": [], "peer": []}
    turns = [
        ("ours", lambda: take(clinic.source(), clinic.repository)),
        ("peer", barman.back_up),
    ]
    for _ in range(times):
        for name, back_up in turns:
            began = time.perf_counter()
            back_up()
            seconds[name].append(time.perf_counter() - began)
        turns.reverse()
    newest = clinic.repository.newest()
    print(
        f"size of a full backup: ours {newest.sealed_bytes / 1e6:.0f} MB, peer "
        f"{barman.size() / 1e6:.0f} MB, ratio {newest.sealed_bytes / barman.size():.2f}"
    )
    return _line("full backup", *seconds.values())


def _timed_restores(comparison: _Comparison, to: datetime, times: int) -> float:
    """Restore in turns; print a line, and return the ratio of seconds."""
    expected = tuple(comparison.clinic.ask(_ROWS))
    seconds: dict[str, list[float]] = {"ours": [], "peer": []}
    turns = [("ours", comparison.restore_ours), ("peer", comparison.restore_peers)]
    for _ in range(times):
        for name, restore in turns:
            took, rows = restore(to)
            if rows != expected:
                raise WentWrong(f"{name} restored {rows}, and not {expected}.")
            seconds[name].append(took)
        turns.reverse()
    return _line("restored until it answers", *seconds.values())


def _compare(barman: str, megabytes: int, times: int) -> tuple[float, float]:
    with ExitStack() as held:
        name = tempfile.TemporaryDirectory(prefix="chartroom-barman-")
        folder = Path(held.enter_context(name))
        place = folder / "restored"
        place.mkdir()
        clinic = Clinic.below(folder)
        held.enter_context(clinic.held)
        clinic.start()
        clinic.fill(megabytes=megabytes)
        clinic.cluster.wait_until_whole()
        peer = _Barman.of(barman, folder / "barman", clinic)
        binaries = programs.find(clinic.folder / "data")
        comparison = _Comparison(clinic, peer, place, binaries)
        began = time.perf_counter()
        peer.run("list-servers")
        print(f"Barman takes {time.perf_counter() - began:.1f} s to start")
        with peer.receiving(), clinic.keeping() as keeper:
            backups = _timed_backups(comparison, times)
            clinic.ask(CHANGE)
            to = datetime.now(UTC)
            clinic.await_log(keeper, to + timedelta(seconds=1))
            peer.archive()
            return backups, _timed_restores(comparison, to, times)


def main() -> tuple[float, float] | None:
    """Print the lines and return ours / peer, of backups and of restores."""
    parser = argparse.ArgumentParser(description="Back up in turns with Barman.")
    parser.add_argument("--megabytes", type=int, default=300, help="of rows")
    parser.add_argument("--times", type=int, default=3, help="each")
    parser.add_argument("--barman", default="barman", help="the program")
    wanted = parser.parse_args()
    barman = shutil.which(wanted.barman)
    if barman is None or shutil.which("rsync") is None:
        lacking = "Barman" if barman is None else "rsync, with which Barman restores,"
        print(f"{lacking} is not on this machine: nothing was compared.")
        return None
    return _compare(barman, wanted.megabytes, wanted.times)


if __name__ == "__main__":
    main()
    sys.exit(0)
