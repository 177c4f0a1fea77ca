"""Copies the leader's PostgreSQL by its own programs: a base backup and the log to it.

The base backup arrives as a stream and is sealed as it arrives: nothing of it is stored
unencrypted in the repository. It contains no log (`-X none`), because a stream's log
would end with the backup itself: the log is received separately (pg_receivewal), with
some more of it, so that a restore can continue to the position at which a replica was
compared.
"""

import re
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, cast

import psycopg2
from isal import igzip, isal_zlib
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class

from db.backups.backup_errors import CannotBackUp, CannotCopyChanges
from db.backups.sealing import PIECE, SealedWriter
from db.embedded import Addresses
from db.embedded.processes.programs import Programs
from db.pace import AT_ONCE, Pace
from db.postgres import Lsn

# A receiver with this name is no server (db.cluster.observing.merging).
RECEIVER: Final = "chartroom_backup"
# They reveal damage on the way from the leader; what is sealed afterwards cannot be
# changed. The same kind in every set, so that unchanged files need not be read when
# backups are combined.
CHECKSUMS: Final = "--manifest-checksums=CRC32C"
# The level at which ISA-L compresses as well as zlib's level 1, at several times its
# speed, and the window size that makes the output gzip, which earlier versions can
# decompress.
_LEVEL: Final = 1
_GZIP: Final = 16 + isal_zlib.MAX_WBITS
# The started program ends with the process that starts it, however that ends.
_TIED: Final = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, int(sys.argv[1])); "
    "os.execv(sys.argv[2], sys.argv[2:])"
)
_ERROR: Final = re.compile(r".*error:\s+(.+)", re.IGNORECASE)
_LOG_SECONDS: Final = 60.0
_COPY_SECONDS: Final = 10.0
# The name is PostgreSQL's own, including its capitals: 0000000B for the eleventh.
_LEADING: Final = """
SELECT ('x' || name)::bit(32)::int,
    CASE WHEN name > '00000001' THEN pg_read_file('pg_wal/' || name || '.history') END
FROM (SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8) AS name)
"""
# The timeline that is written now: for a while after a promotion, the last checkpoint's
# timeline is still the former one.
_SYSTEM: Final = (
    "SELECT system_identifier::text, "
    "('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int, "
    "(SELECT sum(pg_database_size(oid))::bigint FROM pg_database WHERE datallowconn) "
    "FROM pg_control_system()"
)


def tied(python: str, ends_by: signal.Signals, *command: str) -> list[str]:
    """Return the command of a program that does not outlive its parent."""
    return [python, "-c", _TIED, str(int(ends_by)), *command]


@dataclass(frozen=True, slots=True)
class LeaderSystem:
    """The PostgreSQL that leads: its system identifier, its timeline and its size."""

    system_id: str
    timeline: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Leader:
    """The leader of a cluster of ours, as a backup queries it.

    Every method raises CannotBackUp if the leader does not answer or changes.
    """

    addresses: Addresses
    programs: Programs
    python: str

    def system(self) -> LeaderSystem:
        """Return the leader's PostgreSQL."""
        with self.asking() as cursor:
            cursor.execute(_SYSTEM)
            number, timeline, size = cursor.fetchone() or ("", 0, 0)
        return LeaderSystem(number, timeline, size)

    def history_file(self) -> tuple[int, str]:
        """Return the timeline that it writes, and the content of its history file.

        The first timeline has none.
        """
        with self.asking() as cursor:
            cursor.execute(_LEADING)
            timeline, text = cursor.fetchone() or (0, "")
        return timeline, text or ""

    def schema(self, database: str) -> str:
        """Return the version of a database's schema."""
        with self.asking(database) as cursor:
            cursor.execute("SELECT version_num FROM alembic_version")
            return str((cursor.fetchone() or ("",))[0])

    def written(self) -> Lsn:
        """Return the position up to which the log is written."""
        with self.asking() as cursor:
            cursor.execute("SELECT pg_current_wal_lsn()::text")
            return Lsn.parse((cursor.fetchone() or ("",))[0])

    def mark(self, name: str) -> Lsn:
        """Write a restore point into the log, and return the position after it."""
        with self.asking() as cursor:
            cursor.execute("SELECT pg_create_restore_point(%s)::text", [name])
            return Lsn.parse((cursor.fetchone() or ("",))[0])

    def copy(
        self, sink: SealedWriter, *, since: Path | None = None, pace: Pace = AT_ONCE
    ) -> None:
        """Write a base backup, a compressed tar with its manifest inside.

        `since` is the manifest of an earlier one: then only pages that changed after it
        are written. Raises CannotCopyChanges if PostgreSQL cannot identify them. While
        the `pace` rests, the leader rests too, since nothing more is read from it.
        """
        command = [
            self.programs.of_postgres("pg_basebackup"),
            f"--dbname={self.replication_url}",
            *("--format=tar", "--pgdata=-", "--wal-method=none", "--checkpoint=fast"),
            # Compressed here: pg_basebackup would use zlib.
            *("--compress=none", CHECKSUMS, "--no-password"),
        ]
        if since is not None:
            command.append(f"--incremental={since}")
        with subprocess.Popen(  # noqa: S603
            command,
            env=self.environment("pg_basebackup"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            assert process.stderr is not None  # noqa: S101
            try:
                packer = isal_zlib.compressobj(_LEVEL, wbits=_GZIP)
                while piece := process.stdout.read(PIECE):
                    sink.write(packer.compress(piece))
                    pace.rest()
                sink.write(packer.flush())
            except BaseException:
                process.kill()
                raise
            words = process.stderr.read().decode(errors="replace")
        if process.returncode and since is not None:
            raise CannotCopyChanges(
                f"PostgreSQL gave no incremental backup: {error_in(words)}"
            )
        if process.returncode:
            raise CannotBackUp(f"PostgreSQL gave no base backup: {last_line(words)}")

    @contextmanager
    def receiving_log(self, folder: Path) -> Iterator["LogReceiver"]:
        """Receive the log into a folder until the block ends."""
        # A backup that was killed may have left its log.
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        output = folder.with_suffix(".out")
        command = tied(
            self.python,
            signal.SIGINT,
            self.programs.of_postgres("pg_receivewal"),
            f"--dbname={self.replication_url}",
            f"--directory={folder}",
            *("--no-loop", "--synchronous", "--no-password"),
        )
        with output.open("wb") as log:
            process = subprocess.Popen(  # noqa: S603
                command,
                env=self.environment(RECEIVER),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        receiver = LogReceiver(self, folder, process, output)
        try:
            receiver.await_begun()
            yield receiver
        finally:
            receiver.end()

    def received(self) -> Lsn | None:
        """Return the position up to which the receiver has the log on disk, or None."""
        with self.asking() as cursor:
            cursor.execute(
                "SELECT max(flush_lsn)::text FROM pg_stat_replication "
                "WHERE application_name = %s",
                [RECEIVER],
            )
            place = (cursor.fetchone() or (None,))[0]
        return Lsn.parse(place) if place else None

    @contextmanager
    def asking(self, database: str = "postgres") -> Iterator[Cursor]:
        """Open a cursor of the superuser's, in autocommit mode."""
        url = self.addresses.primary_url("postgres", database)
        try:
            with closing(psycopg2.connect(url)) as connection:
                connection.autocommit = True
                with connection.cursor() as cursor:
                    yield cursor
        except psycopg2.Error as error:
            words = str(error).strip().splitlines() or ["it closed the connection"]
            raise CannotBackUp(
                f"PostgreSQL's leader does not answer: {words[0]}"
            ) from (error)

    @property
    def replication_url(self) -> str:
        """The leader's URL for the log's programs, without the password."""
        url = self.addresses.primary_url("replicator", "replication")
        login, _, rest = url.removeprefix("postgresql://").partition("@")
        return f"postgresql://{login.partition(':')[0]}@{rest}"

    def environment(self, name: str) -> Mapping[str, str]:
        """Return the environment of one of the log's programs; `name` is its own."""
        return self.programs.environment | {
            "PGPASSWORD": self.addresses.secrets["replicator"],
            "PGAPPNAME": name,
        }


@dataclass(frozen=True, slots=True)
class LogReceiver:
    """The program that receives the log."""

    leader: Leader
    folder: Path
    process: subprocess.Popen[bytes]
    output: Path

    def await_begun(self) -> None:
        """Wait until log arrives."""
        self._await(lambda: any(self.folder.iterdir()), _COPY_SECONDS)

    def await_received(self, place: Lsn) -> None:
        """Wait until the log is on disk up to a position."""
        self._await(
            lambda: (
                (received := self.leader.received()) is not None and received >= place
            ),
            _LOG_SECONDS,
        )

    def end(self) -> None:
        """Stop the program; what it has received stays."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(_COPY_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def pack(self, sink: SealedWriter) -> None:
        """Write what was received, a compressed tar; unfinished segments as well."""
        with (
            igzip.IGzipFile(  # type: ignore[no-untyped-call]
                fileobj=cast("IO[bytes]", sink), mode="wb", compresslevel=_LEVEL
            ) as packed,
            tarfile.open(mode="w|", fileobj=packed) as tar,
        ):
            for path in sorted(self.folder.iterdir()):
                tar.add(path, path.name.removesuffix(".partial"))

    def discard(self) -> None:
        """Delete what was received."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.output.unlink(missing_ok=True)

    def _await(self, condition: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if self.process.poll() is not None:
                words = self.output.read_text(errors="replace")
                raise CannotBackUp(f"The log could not be received: {last_line(words)}")
            if time.monotonic() > deadline:
                raise CannotBackUp(
                    f"The log did not come within {seconds:.0f} seconds: back up again "
                    "when the servers are less busy."
                )
            time.sleep(0.02)


def error_in(words: str) -> str:
    """Return the first error in a program's output, or the output's last line.

    A server's message comes after the program's own.
    """
    match = _ERROR.search(words)
    return match[1].strip()[:300] if match else last_line(words)


def last_line(words: str) -> str:
    """Return the last line of a program's output."""
    lines = [line for line in words.splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else "it printed nothing."
