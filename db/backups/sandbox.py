"""A sandbox: a PostgreSQL of a backup set, private, read-only and thrown away again.

It runs on loopback at a port of its own, requires the password that the data folder
keeps (scram), knows nothing of the cluster, and stands still in recovery at the set's
position in the log: PostgreSQL itself refuses every write.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Final, cast

import psutil
import psycopg2
from isal import igzip, igzip_lib
from psycopg2.extensions import parse_dsn

from db.backups.backup_errors import CannotRestore, PasswordRefused, SetBroken
from db.backups.base_backup import CHECKSUMS, error_in, tied
from db.backups.manifest import Manifest
from db.backups.sealing import SetSeal
from db.embedded import DataFolder
from db.embedded.processes import child_processes
from db.embedded.processes.ports import PortReservations
from db.embedded.processes.programs import Programs, runs_as
from db.embedded.servers.configuration import DYNAMIC
from db.files import private_files
from db.pace import AT_ONCE, Pace, PacedReader
from db.postgres import Lsn

_START_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 20.0
_LOOPBACK: Final = "127.0.0.1/32 scram-sha-256\n"
# What the cluster wrote for itself, and what would make the sandbox follow it.
_OF_THE_CLUSTER: Final = (
    *("postgresql.auto.conf", "postgresql.base.conf", "patroni.dynamic.json"),
    *("pg_ident.conf", "standby.signal"),
)
# Those of these files that a sandbox gets back if it becomes the clinic, and where they
# are kept meanwhile.
_HANDED_OVER: Final = ("postgresql.auto.conf", "postgresql.base.conf", "pg_ident.conf")
_KEPT: Final = "of-the-cluster"
_SHUT_DOWN: Final = re.compile(r"^Database cluster state: +shut down$", re.MULTILINE)
_PROMOTION_SECONDS: Final = 60
_FROM_TIMELINE: Final = re.compile(r"^INCREMENTAL FROM TLI: (\d+)$", re.MULTILINE)
_FROM_PLACE: Final = re.compile(
    r"^INCREMENTAL FROM LSN: ([0-9A-F]+/[0-9A-F]+)$", re.MULTILINE
)
_NO_SPACE: Final = "No space left on device"
_PAGE_BYTES: Final = 8192
_COPIED: Final = 128 * 1024
# The library's types only show that it is an exception.
_NOT_PACKED: Final = cast("type[Exception]", igzip_lib.error)
_PAGE_HEAD: Final = 40
_IS_STANDBY: Final = "SELECT pg_is_in_recovery()"
_NOT_STARTED: Final = "The backup's PostgreSQL did not start within two minutes."
_REPLAYED: Final = re.compile(r"startup recovering ([0-9A-F]{24})")
# libpq's text for a server that speaks English, which `Programs` ensures. libpq gives
# no code for errors of that kind.
_REFUSED: Final = "password authentication failed"
# From this message on rows are as they were at the target, passwords included.
_STANDS: Final = "pausing at the end of recovery"
_STATE: Final = "SELECT pg_get_wal_replay_pause_state(), pg_last_wal_replay_lsn()::text"


class SandboxName(StrEnum):
    """The purpose of a sandbox, and its folder's name: one of each at a time."""

    LOOK = "sandbox"
    PREVIEW = "preview"
    # It stays for a while, so that people can look around in it.
    OPEN_LOOK = "open-look"
    DRILL = "drill"
    CHECK = "backup-check"
    GOING_BACK = "going-back"
    # What is fetched from the copy elsewhere for a drill.
    DRILL_FROM_COPY = "drill-from-copy"


@dataclass(frozen=True, slots=True)
class WalRange:
    """The log that a base backup needs, as its own manifest says."""

    timeline: int
    start_lsn: str
    end_lsn: str


class _Ended(Exception):
    """PostgreSQL ended; the message is its last one."""


@dataclass(frozen=True, slots=True)
class ReplayTarget:
    """Where a sandbox stands still: before what begins at a position, or after it.

    With `is_included` one record, of this many bytes, is replayed as well.
    """

    lsn: Lsn
    timeline: int
    is_included: bool = False
    record_bytes: int = 0

    @classmethod
    def of(cls, manifest: Manifest) -> "ReplayTarget":
        """Return the position that a set leads to by itself."""
        return cls(Lsn.parse(manifest.reached_lsn), manifest.timeline)

    def is_reached(self, place: Lsn) -> bool:
        """Return whether replay that ended at a position has come exactly here."""
        if not self.is_included:
            return place == self.lsn
        # Each page has a header of its own, which belongs to no record.
        room = self.record_bytes + _PAGE_HEAD * (2 + self.record_bytes // _PAGE_BYTES)
        return self.lsn < place <= self.lsn + room


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A set's PostgreSQL below a data folder; made by `unpacked`."""

    folder: Path
    programs: Programs
    password: str

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
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
            words = finished.stderr.strip().splitlines() or ["no reason given"]
            raise SetBroken(f"The base backup does not verify: {words[0][:300]}")
        ranges = json.loads(self.backup_manifest.read_bytes())["WAL-Ranges"]
        last = ranges[-1]
        return WalRange(last["Timeline"], last["Start-LSN"], last["End-LSN"])

    @property
    def backup_manifest(self) -> Path:
        """PostgreSQL's manifest of the backup; an incremental backup needs it."""
        return self.data / "backup_manifest"

    def size(self) -> int:
        """Return the size in bytes without the log."""
        log = self.data / "pg_wal"
        paths = (path for path in self.data.rglob("*") if log not in path.parents)
        return sum(path.stat().st_size for path in paths if path.is_file())

    def based_on(self) -> tuple[int, Lsn]:
        """Return the timeline and position from which an incremental one has pages.

        Raises SetBroken for a full one.
        """
        label = (self.data / "backup_label").read_text(encoding="utf-8")
        timeline, place = _FROM_TIMELINE.search(label), _FROM_PLACE.search(label)
        if timeline is None or place is None:
            raise SetBroken("The backup is a full one, and was made as another.")
        return int(timeline[1]), Lsn.parse(place[1])

    @contextmanager
    def started(self, database: str, target: ReplayTarget) -> Iterator[str]:
        """Run it at a position in the log; yield the URL of a database."""
        with PortReservations() as ports:
            port = ports.choose(["sandbox"], {})["sandbox"]
            with self._listening(database, target, port) as url:
                yield url

    @contextmanager
    def _listening(
        self, database: str, target: ReplayTarget, port: int
    ) -> Iterator[str]:
        self._configure(target, port)
        url = _address("postgres", self.password, port, database)
        with self._running() as process:
            self._await_place(process, url, target)
            yield url

    @contextmanager
    def serving(
        self, database: str, *, login: str, password: str, name: str
    ) -> Iterator[int]:
        """Run it for one login, as a standby of nobody; yield the port.

        It has left recovery and shut down cleanly before. A standby takes no writes
        from anybody: PostgreSQL itself refuses them. `name` tells clients which sandbox
        it is, since ports are reused.
        """
        with PortReservations() as ports:
            port = ports.choose(["sandbox"], {})["sandbox"]
            self._write_settings(port, {"cluster_name": name})
            self._write("pg_hba.conf", f"host all {login} {_LOOPBACK}")
            self._write("standby.signal", "")
            with self._running() as process:
                url = _address(login, password, port, database)
                self._await_standby(process, url, login)
                yield port

    @contextmanager
    def _running(self) -> Iterator["subprocess.Popen[bytes]"]:
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
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _configure(self, target: ReplayTarget, port: int) -> None:
        kept = self.folder / _KEPT
        kept.mkdir(mode=0o700)
        for name in _OF_THE_CLUSTER:
            with suppress(FileNotFoundError):
                (self.data / name).replace(kept / name)
        self._write_settings(
            port,
            {
                # All of the log is there: nothing else is ever requested.
                "restore_command": "/bin/false",
                "recovery_target_lsn": str(target.lsn),
                "recovery_target_inclusive": "on" if target.is_included else "off",
                "recovery_target_timeline": str(target.timeline),
                "recovery_target_action": "pause",
            },
        )
        self._write("pg_hba.conf", f"host all postgres {_LOOPBACK}")
        self._write("pg_ident.conf", "")
        self._write("recovery.signal", "")

    def _write_settings(self, port: int, more: Mapping[str, str]) -> None:
        settings: dict[str, Any] = DYNAMIC["postgresql"]["parameters"] | {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "shared_buffers": "64MB",
            "logging_collector": "off",
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
            # It is thrown away: nothing has to wait for its disk.
            "fsync": "off",
        }
        lines = (
            f"{name} = '{value}'\n" for name, value in {**settings, **more}.items()
        )
        self._write("postgresql.conf", "".join(lines))

    def promote(self, url: str) -> None:
        """Promote it, so that it takes writes; raises CannotRestore."""
        with (
            closing(psycopg2.connect(url)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT pg_promote(true, %s)", [_PROMOTION_SECONDS])
            if not (cursor.fetchone() or (False,))[0]:
                raise CannotRestore("The restored PostgreSQL does not take writes.")

    def check_indexes(self, url: str) -> None:
        """Have PostgreSQL compare every table with its indexes; raises SetBroken.

        It has to take writes, because the extension that compares is in no backup.
        """
        address = parse_dsn(url)
        finished = subprocess.run(  # noqa: S603
            [
                self.programs.of_postgres("pg_amcheck"),
                *("--install-missing", "--heapallindexed", "--no-password"),
                *(f"--{name}={address[name]}" for name in ("host", "port")),
                *(f"--username={address['user']}", address["dbname"]),
            ],
            env=self.programs.environment | {"PGPASSWORD": self.password},
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode:
            words = (finished.stdout + finished.stderr).strip().splitlines()
            raise SetBroken(
                "A restored table and its indexes do not belong together: "
                + " ".join(words[:2])[:300]
            )

    def hand_over(self) -> Path:
        """Prepare its folder for the cluster to lead with; return the folder.

        Raises CannotRestore unless it has shut down cleanly. From here on it is safe
        from a power cut.
        """
        state = self._run("pg_controldata", str(self.data))
        if not _SHUT_DOWN.search(state):
            raise CannotRestore("The restored PostgreSQL did not stop in good order.")
        kept = self.folder / _KEPT
        for name in _HANDED_OVER:
            with suppress(FileNotFoundError):
                (kept / name).replace(self.data / name)
        # Patroni replaces them by its own.
        for name in ("postgresql.conf", "pg_hba.conf"):
            self._write(name, "")
        shutil.rmtree(self.data / "pg_replslot")
        (self.data / "pg_replslot").mkdir(mode=0o700)
        os.chown(self.data / "pg_replslot", *runs_as(self.folder.parent))
        self._run("initdb", "--sync-only", "-D", str(self.data))
        return self.data

    def _run(self, program: str, *words: str) -> str:
        finished = subprocess.run(  # noqa: S603
            [*self.programs.prefix, self.programs.of_postgres(program), *words],
            env=self.programs.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode:
            raise CannotRestore(f"{program} failed: {finished.stderr.strip()[:300]}")
        return finished.stdout

    def add_log(self, name: str, content: bytes) -> None:
        """Put a file of the log where replay looks for it."""
        path = self.data / "pg_wal" / name
        with _translated_errors(self.folder):
            path.unlink(missing_ok=True)
            path.write_bytes(content)
            path.chmod(0o600)
            os.chown(path, *runs_as(self.folder.parent))

    def _write(self, name: str, content: str) -> None:
        path = self.data / name
        path.write_text(content)
        path.chmod(0o600)
        os.chown(path, *runs_as(self.folder.parent))

    def _await_place(
        self, process: "subprocess.Popen[bytes]", url: str, target: ReplayTarget
    ) -> None:
        def is_there() -> bool:
            state, reached = _ask(url)
            if state != "paused":
                return False
            if not target.is_reached(Lsn.parse(reached)):
                raise SetBroken(
                    f"The backup's PostgreSQL stands at {reached}, not at {target.lsn}."
                )
            return True

        try:
            self._await(process, "postgres", is_there, has_passwords=self._stands)
        except _Ended as ended:
            raise SetBroken(
                f"The backup's PostgreSQL did not reach its place in the log: {ended}"
            ) from ended

    def _await_standby(
        self, process: "subprocess.Popen[bytes]", url: str, login: str
    ) -> None:
        def is_there() -> bool:
            with (
                closing(psycopg2.connect(url)) as connection,
                connection.cursor() as cursor,
            ):
                cursor.execute(_IS_STANDBY)
                return cursor.fetchone() == (True,)

        try:
            # All rows are there already.
            self._await(process, login, is_there, has_passwords=lambda: True)
        except _Ended as ended:
            raise SetBroken(
                f"The restored PostgreSQL does not start again: {ended}"
            ) from ended

    def _await(
        self,
        process: "subprocess.Popen[bytes]",
        login: str,
        is_there: Callable[[], bool],
        *,
        has_passwords: Callable[[], bool],
    ) -> None:
        """Ask until `is_there`; raises _Ended, SetBroken or PasswordRefused.

        However much log there is to replay: it only has to get on with it.
        """
        deadline, before = time.monotonic() + _START_SECONDS, None
        while True:
            if time.monotonic() >= deadline:
                if (replayed := replayed_segment(process.pid)) in {None, before}:
                    raise SetBroken(_NOT_STARTED)
                deadline, before = time.monotonic() + _START_SECONDS, replayed
            if process.poll() is not None:
                raise _Ended(child_processes.last_words(self.folder / "postgres.log"))
            # Checked before asking: a refusal may come from the time before the target.
            is_final = has_passwords()
            try:
                if is_there():
                    return
            except psycopg2.OperationalError as error:
                if is_final and _REFUSED in str(error):
                    raise PasswordRefused(login, self.folder.parent) from error
            time.sleep(0.05)

    def _stands(self) -> bool:
        """Return whether replay has reached its end, according to the server's log."""
        return _STANDS in (self.folder / "postgres.log").read_text(errors="replace")


def replayed_segment(postmaster: int) -> str | None:
    """Return the segment of the log that a PostgreSQL replays; None if it does not.

    The title of one of its processes says so, also before it accepts connections.
    """
    with suppress(psutil.Error):
        for process in psutil.Process(postmaster).children():
            with suppress(psutil.Error):
                if match := _REPLAYED.search(" ".join(process.cmdline())):
                    return match[1]
    return None


def _address(login: str, password: str, port: int, database: str) -> str:
    return (
        f"postgresql://{login}:{password}@127.0.0.1:{port}/"
        f"{database}?sslmode=disable&gssencmode=disable&connect_timeout=3"
    )


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
    name: SandboxName = SandboxName.LOOK,
    pace: Pace = AT_ONCE,
) -> Iterator[Sandbox]:
    """Unpack a set's base backup and log below a data folder; deleted afterwards.

    An incremental one is combined with the bases that its seal names; without them it
    is unpacked as it is, only for verification. What a killed process left is ended and
    deleted first. Raises SetBroken, and CannotRestore while another is there.
    """
    place = folder.path / name
    with alone(place):
        place.mkdir(mode=0o700)
        sandbox = Sandbox(place, programs, folder.secrets()["postgres"])
        try:
            if seal.bases:
                _put_together(sandbox, seal, objects)
            else:
                with seal.reading(objects / "base") as stream:
                    _unpack(stream, sandbox.data, "base", pace)
            with seal.reading(objects / "log") as stream:
                _unpack(stream, sandbox.data / "pg_wal", "log")
            owner = runs_as(folder.path)
            for path in (place, *place.rglob("*")):
                os.chown(path, *owner)
            yield sandbox
        finally:
            shutil.rmtree(place)


def _put_together(sandbox: Sandbox, seal: SetSeal, objects: Path) -> None:
    """Unpack an incremental backup and its bases, and have PostgreSQL combine them.

    Files in which nothing changed are linked instead of copied.
    """
    parts = sandbox.folder / "parts"
    parts.mkdir(mode=0o700)
    folders = []
    for each in (*seal.bases, replace(seal, bases=())):
        folders.append(parts / each.set_id)
        with each.reading(objects.with_name(each.set_id) / "base") as stream:
            _unpack(stream, folders[-1], f"base of {each.set_id}")
    finished = subprocess.run(  # noqa: S603
        [
            sandbox.programs.of_postgres("pg_combinebackup"),
            *("--link", "--no-sync", CHECKSUMS),
            f"--output={sandbox.data}",
            *map(str, folders),
        ],
        env=sandbox.programs.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        if _NO_SPACE in finished.stderr:
            raise CannotRestore(
                f"The backup cannot be put together in {sandbox.folder} (no space left "
                "on device): free some space."
            )
        names = ", ".join(folder.name for folder in folders)
        raise SetBroken(
            f"The backups {names} cannot be put together: {error_in(finished.stderr)}"
        )
    # Linked files must not be changed through two names.
    shutil.rmtree(parts)


@contextmanager
def alone(place: Path) -> Iterator[None]:
    """Hold a sandbox's place, empty; what was left there is deleted.

    Raises CannotRestore if another process has it.
    """
    with place.with_name(f"{place.name}.lock").open("a") as lock:
        if not private_files.try_lock(lock):
            raise CannotRestore(
                f"Another backup is being restored in {place}: wait for it."
            )
        if place.exists():
            child_processes.end(
                child_processes.find(place), grace_seconds=_STOP_SECONDS
            )
            shutil.rmtree(place)
        yield


def discard_abandoned(folder: DataFolder) -> None:
    """Delete what killed restores have left below a data folder.

    Rows are unencrypted in it, including rows purged since, and the next restore of its
    kind may be a month away. Remains of going back are left to the next start. Raises
    OSError.
    """
    failures: list[OSError] = []
    for name in SandboxName:
        place = folder.path / name
        if name is not SandboxName.GOING_BACK and place.exists():
            try:
                with suppress(CannotRestore), alone(place):
                    pass
            except OSError as error:
                failures.append(error)
    if failures:
        raise failures[0]


def _as_it_is(member: tarfile.TarInfo, _path: str) -> tarfile.TarInfo:
    return member


def _unpack(stream: IO[bytes], place: Path, name: str, pace: Pace = AT_ONCE) -> None:
    with _translated_errors(place):
        place.mkdir(mode=0o700, exist_ok=True)
        _extract(stream, place, name, pace)
        place.chmod(0o700)


def _extract(stream: IO[bytes], place: Path, name: str, pace: Pace) -> None:
    try:
        # As a stream, because the input is not seekable. It is read in pieces as large
        # as those that tarfile copies, so that they need not be assembled from many.
        with (
            igzip.IGzipFile(fileobj=stream) as plain,  # type: ignore[no-untyped-call]
            tarfile.open(  # type: ignore[call-overload]
                fileobj=PacedReader(plain, pace),
                mode="r|",
                bufsize=_COPIED,
                copybufsize=_COPIED,
            ) as tar,
        ):
            # Python has filters since 3.11.4. An older one takes the members as they
            # are, which PostgreSQL wrote and nobody can have changed since they were
            # sealed.
            tar.extraction_filter = getattr(tarfile, "data_filter", _as_it_is)
            tar.extractall(place)  # noqa: S202
    except (tarfile.TarError, igzip.BadGzipFile, _NOT_PACKED, EOFError) as error:
        raise SetBroken(f"The backup's {name} is no archive.") from error


@contextmanager
def _translated_errors(place: Path) -> Iterator[None]:
    """Translate errors of writing to the disk."""
    try:
        yield
    except OSError as error:
        raise CannotRestore(
            f"The backup cannot be unpacked in {place} "
            f"({(error.strerror or str(error)).lower()}): free some space."
        ) from error


def room_for(chain: Sequence[Manifest]) -> int:
    """Return how many bytes the sandbox of a set takes, with some to spare.

    `chain` is what it is restored from, the full one first: while it is being combined,
    a changed file exists twice.
    """
    rows = max(each.database_bytes for each in chain) * 5 // 4
    changes = sum(each.based_on.bytes for each in chain if each.based_on)
    return rows * min(len(chain), 2) + changes + 100_000_000
