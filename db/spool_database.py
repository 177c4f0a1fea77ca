"""The SQLite database in a spool's folder: durable, bounded, for its owner only."""

import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Final, TypeVar

from db import spool_files
from db.files import private_files
from db.spool_files import Row

DAMAGED: Final = ".damaged"
_BUSY_SECONDS: Final = 10
_PAGE_BYTES: Final = 4096
# Places are unique, so that a record taken over twice is there once.
_BEGIN: Final = f"""
    PRAGMA page_size = {_PAGE_BYTES};
    PRAGMA auto_vacuum = FULL;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS records (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        place TEXT NOT NULL UNIQUE,
        kept_at REAL NOT NULL,
        sealed BLOB NOT NULL
    );
"""
_READ: Final = "SELECT place, kept_at, sealed FROM records ORDER BY id "
_KEEP: Final = "INSERT OR IGNORE INTO records (place, kept_at, sealed) VALUES (?, ?, ?)"
_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")


@dataclass(slots=True, eq=False)
class _Bringing:
    """A row that a thread wants to keep, and the outcome."""

    row: Row
    is_over: bool = False
    error: OSError | None = None


class SpoolDatabase:
    """Runs statements on one connection, opened when needed; thread-safe."""

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        self._folder = folder
        self._path = folder / "records.sqlite3"
        self._max_pages = max_bytes // _PAGE_BYTES
        self._guard = Lock()
        self._brought: deque[_Bringing] = deque()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0

    @property
    def is_there(self) -> bool:
        """Whether anything can be kept here: without a folder nothing ever was."""
        return self._connection is not None or self._folder.exists()

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement, on disk when this returns; raises OSError."""
        with self._guard:
            return self._use(lambda c: c.execute(statement, values).fetchall())

    def keep(self, row: Row) -> None:
        """Keep a row, on disk when this returns; raises OSError.

        The thread whose turn it is also keeps the rows that others have queued
        meanwhile: each waits for the disk as long as one does, however many they are.
        """
        own = _Bringing(row)
        self._brought.append(own)
        with self._guard:
            if not own.is_over:
                self._keep_brought(own)
        if own.error is not None:
            raise own.error

    def close(self) -> None:
        """Close the connection, if there is one."""
        with self._guard:
            self._let_go()

    def _keep_brought(self, own: _Bringing) -> None:
        brought = [self._brought.popleft() for _ in range(len(self._brought))]
        if own not in brought:
            # The thread whose turn it was before was interrupted.
            brought.append(own)
        try:
            self._use(lambda c: _add(c, [each.row for each in brought]))
        except OSError as error:
            if brought == [own]:
                own.error = error
            else:
                self._keep_each(brought)
        for each in brought:
            each.is_over = True

    def _keep_each(self, brought: Iterable[_Bringing]) -> None:
        """Keep one by one what cannot be kept together: one may be too long."""
        for each in brought:
            try:
                self._use(partial(_add, rows=[each.row]))
            except OSError as error:
                each.error = error

    def _use(self, use: Callable[[sqlite3.Connection], _Result]) -> _Result:
        try:
            while True:
                result = use(self._connection or self._open())
                # Another process may have set aside the file that this was written to.
                if self._inode_now() == self._inode:
                    return result
                self._let_go()
        except (sqlite3.Error, OSError) as error:
            self._let_go()
            raise OSError("The spool cannot be used.") from error

    def _open(self) -> sqlite3.Connection:
        private_files.make_folder(self._folder)
        with private_files.locked(self._folder):
            connection = self._connect()
            readable: list[Row] = []
            if not _is_whole(connection):
                readable = _readable(connection)
                self._set_aside()
                connection = self._connect()
            connection.executescript(_BEGIN)
            _add(connection, readable)
            spool_files.take_over(self._folder, partial(_add, connection))
            connection.execute(f"PRAGMA max_page_count = {self._max_pages}")
            return connection

    def _connect(self) -> sqlite3.Connection:
        # The files that SQLite makes beside a file have that file's mode.
        self._path.touch(mode=0o600)
        self._inode = self._path.stat().st_ino
        self._connection = sqlite3.connect(
            self._path,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        return self._connection

    def _inode_now(self) -> int | None:
        try:
            return self._path.stat().st_ino
        except FileNotFoundError:
            return None

    def _set_aside(self) -> None:
        self._let_go()
        aside = self._folder / f"{time.time_ns()}{DAMAGED}"
        for suffix in ("-shm", "-wal", ""):
            with suppress(FileNotFoundError):
                Path(f"{self._path}{suffix}").rename(f"{aside}{suffix}")
        _log.error("The spool was malformed; it was moved aside to %s.", aside.name)

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def _add(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    if len(rows) == 1:
        connection.execute(_KEEP, rows[0])
        return
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        connection.executemany(_KEEP, rows)


def _is_whole(connection: sqlite3.Connection) -> bool:
    try:
        return bool(connection.execute("PRAGMA quick_check").fetchone() == ("ok",))
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        return False


def _readable(connection: sqlite3.Connection) -> list[Row]:
    """Return the readable rows, from both ends up to the malformed part."""
    rows = {}
    for order in ("ASC", "DESC"):
        with suppress(sqlite3.DatabaseError):
            for row in connection.execute(_READ + order):
                rows[row[0]] = row
    return sorted(rows.values(), key=lambda row: row[1])
