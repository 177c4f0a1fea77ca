"""A sandbox: a PostgreSQL of a backup set, private, read-only and thrown away again.

It runs on loopback at a port of its own, asks for the password that the data folder
keeps (scram), knows nothing of the cluster, and stands still in recovery at the set's
place in the log: PostgreSQL itself refuses every write.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import psycopg2

from db.backups.backup_errors import CannotRestore, SetBroken
from db.backups.base_backup import tied
from db.backups.manifest import Manifest
from db.backups.sealing import SetSeal
from db.embedded import DataFolder
from db.embedded.processes import child_processes, ports
from db.embedded.processes.programs import Programs, runs_as
from db.embedded.servers.configuration import DYNAMIC
from db.files import private_files
from db.postgres import Lsn

_START_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 20.0
_HBA: Final = "host all postgres 127.0.0.1/32 scram-sha-256\n"
# What the cluster wrote for itself, and what would have the sandbox follow it.
_OF_THE_CLUSTER: Final = (
    *("postgresql.auto.conf", "postgresql.base.conf", "patroni.dynamic.json"),
    *("pg_ident.conf", "standby.signal"),
)
_STATE: Final = "SELECT pg_get_wal_replay_pause_state(), pg_last_wal_replay_lsn()::text"


@dataclass(frozen=True, slots=True)
class WalRange:
    """The log that a base backup needs, as its own manifest says."""

    timeline: int
    start_lsn: str
    end_lsn: str


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A set's PostgreSQL below a data folder; made by `unpacked`."""

    folder: Path
    programs: Programs
    password: str

    @property
    def data(self) -> Path:
        """PostgreSQL's own folder."""
        return self.folder / "data"

    def verify(self) -> WalRange:
        """Have PostgreSQL verify every file and the log; raises SetBroken."""
        finished = subprocess.run(  # noqa: S603
            [
                self.programs.of_postgres("pg_verifybackup"),
                *("--exit-on-error", "--quiet", str(self.data)),
            ],
            env=self.programs.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode:
            words = finished.stderr.strip().splitlines() or ["no word why"]
            raise SetBroken(f"The base backup does not verify: {words[0][:300]}")
        ranges = json.loads((self.data / "backup_manifest").read_bytes())["WAL-Ranges"]
        last = ranges[-1]
        return WalRange(last["Timeline"], last["Start-LSN"], last["End-LSN"])

    @contextmanager
    def started(self, manifest: Manifest) -> Iterator[str]:
        """Run it at the set's place in the log; yield the address of the database."""
        port = ports.choose(["sandbox"], {})["sandbox"]
        self._configure(manifest, port)
        url = (
            f"postgresql://postgres:{self.password}@127.0.0.1:{port}/"
            f"{manifest.database}?sslmode=disable&gssencmode=disable&connect_timeout=3"
        )
        with (self.folder / "postgres.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603
                [
                    *self.programs.prefix,
                    *tied(
                        sys.executable,
                        signal.SIGINT,
                        *(str(self.programs.postgres), "-D", str(self.data)),
                    ),
                ],
                env=self.programs.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._await_place(process, url, Lsn.parse(manifest.reached_lsn))
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _configure(self, manifest: Manifest, port: int) -> None:
        for name in _OF_THE_CLUSTER:
            (self.data / name).unlink(missing_ok=True)
        settings: dict[str, Any] = DYNAMIC["postgresql"]["parameters"] | {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "shared_buffers": "64MB",
            "logging_collector": "off",
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
            # It is thrown away: nobody waits for its disk.
            "fsync": "off",
            # All of the log is there: nothing else is ever asked for.
            "restore_command": "/bin/false",
            "recovery_target_lsn": manifest.reached_lsn,
            "recovery_target_inclusive": "off",
            "recovery_target_timeline": str(manifest.timeline),
            "recovery_target_action": "pause",
        }
        lines = (f"{name} = '{value}'\n" for name, value in settings.items())
        self._write("postgresql.conf", "".join(lines))
        self._write("pg_hba.conf", _HBA)
        self._write("pg_ident.conf", "")
        self._write("recovery.signal", "")

    def _write(self, name: str, content: str) -> None:
        path = self.data / name
        path.write_text(content)
        path.chmod(0o600)
        os.chown(path, *runs_as(self.folder.parent))

    def _await_place(
        self, process: "subprocess.Popen[bytes]", url: str, place: Lsn
    ) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise SetBroken(
                    "The backup's PostgreSQL did not reach its place in the log: "
                    + child_processes.last_words(self.folder / "postgres.log")
                )
            with suppress(psycopg2.OperationalError):
                state, reached = _ask(url)
                if state == "paused" and Lsn.parse(reached) == place:
                    return
                if state == "paused":
                    raise SetBroken(
                        f"The backup's PostgreSQL stands at {reached}, not at {place}."
                    )
            time.sleep(0.05)
        raise SetBroken("The backup's PostgreSQL did not start within two minutes.")


def _ask(url: str) -> tuple[str, str]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(_STATE)
        state, reached = cursor.fetchone() or ("", "")
        return state, reached


@contextmanager
def unpacked(
    folder: DataFolder,
    programs: Programs,
    seal: SetSeal,
    objects: Path,
    *,
    name: str = "sandbox",
) -> Iterator[Sandbox]:
    """Unpack a set's base backup and log below a data folder; it is gone afterwards.

    `name` is the sandbox's: one of each at a time. What a killed process left is ended
    and thrown away first. Raises SetBroken, and CannotRestore while another is there.
    """
    place = folder.path / name
    with _alone(place):
        if place.exists():
            child_processes.end(
                child_processes.find(place), grace_seconds=_STOP_SECONDS
            )
            shutil.rmtree(place)
        place.mkdir(mode=0o700)
        sandbox = Sandbox(place, programs, folder.secrets()["postgres"])
        try:
            with seal.reading(objects / "base") as stream:
                _unpack(stream, sandbox.data, "base")
            with seal.reading(objects / "log") as stream:
                _unpack(stream, sandbox.data / "pg_wal", "log")
            owner = runs_as(folder.path)
            for path in (place, *place.rglob("*")):
                os.chown(path, *owner)
            yield sandbox
        finally:
            shutil.rmtree(place)


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Hold a sandbox's place; raise CannotRestore if another process has it."""
    with place.with_name(f"{place.name}.lock").open("a") as lock:
        if not private_files.try_lock(lock):
            raise CannotRestore(
                f"Another backup is being restored in {place}: wait for it."
            )
        yield


def _as_it_is(member: tarfile.TarInfo, _path: str) -> tarfile.TarInfo:
    return member


def _unpack(stream: IO[bytes], place: Path, name: str) -> None:
    place.mkdir(mode=0o700, exist_ok=True)
    try:
        with tarfile.open(mode="r|gz", fileobj=stream) as tar:
            # Python has filters since 3.11.4. An older one takes what is there, which
            # PostgreSQL wrote and nobody has changed since it was sealed.
            tar.extraction_filter = getattr(tarfile, "data_filter", _as_it_is)
            tar.extractall(place)  # noqa: S202
    except (tarfile.TarError, EOFError) as error:
        raise SetBroken(f"The backup's {name} is no archive.") from error
    except OSError as error:
        raise CannotRestore(
            f"The backup cannot be unpacked in {place} "
            f"({(error.strerror or str(error)).lower()}): free some space."
        ) from error
    place.chmod(0o700)


def room_for(manifest: Manifest) -> int:
    """Return how many bytes the sandbox of a set takes, with some to spare."""
    return manifest.database_bytes * 5 // 4 + 100_000_000
