"""The SQLite database in a spool's folder: durable, bounded, for its owner only."""

import logging
import sqlite3
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Final

from db import spool_files
from db.files import private_files
from db.spool_files import Row

DAMAGED: Final = ".damaged"
_BUSY_SECONDS: Final = 10
_PAGE_BYTES: Final = 4096
# Places are unique, so that what is taken over twice is there once.
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
KEEP: Final = "INSERT OR IGNORE INTO records (place, kept_at, sealed) VALUES (?, ?, ?)"
_log = logging.getLogger(__name__)


class SpoolDatabase:
    """Runs statements on one connection, opened when needed; for use by threads."""

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        self._folder = folder
        self._path = folder / "records.sqlite3"
        self._max_pages = max_bytes // _PAGE_BYTES
        self._guard = Lock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement, on the disk when this returns; raises OSError."""
        with self._guard:
            try:
                while True:
                    connection = self._connection or self._open()
                    rows = connection.execute(statement, values).fetchall()
                    # Another process may have set aside what this was written into.
                    if self._path.exists() and self._path.stat().st_ino == self._inode:
                        return rows
                    self._let_go()
            except (sqlite3.Error, OSError) as error:
                self._let_go()
                raise OSError("The spool cannot be used.") from error

    def close(self) -> None:
        """Close the connection, if there is one."""
        with self._guard:
            self._let_go()

    def _open(self) -> sqlite3.Connection:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
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
        # What SQLite makes beside a file has that file's mode.
        self._path.touch(mode=0o600)
        self._inode = self._path.stat().st_ino
        self._connection = sqlite3.connect(
            self._path,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        return self._connection

    def _set_aside(self) -> None:
        self._let_go()
        aside = self._folder / f"{time.time_ns()}{DAMAGED}"
        for suffix in ("-shm", "-wal", ""):
            with suppress(FileNotFoundError):
                Path(f"{self._path}{suffix}").rename(f"{aside}{suffix}")
        _log.error("The spool was malformed; it is set aside as %s.", aside.name)

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def _add(connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        connection.executemany(KEEP, rows)


def _is_whole(connection: sqlite3.Connection) -> bool:
    try:
        return bool(connection.execute("PRAGMA quick_check").fetchone() == ("ok",))
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        return False


def _readable(connection: sqlite3.Connection) -> list[Row]:
    """Return the rows that can be read, from both ends up to what is malformed."""
    rows = {}
    for order in ("ASC", "DESC"):
        with suppress(sqlite3.DatabaseError):
            for row in connection.execute(_READ + order):
                rows[row[0]] = row
    return sorted(rows.values(), key=lambda row: row[1])
