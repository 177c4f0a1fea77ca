"""Rows sent in bulk, by PostgreSQL's COPY."""

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, cast

import psycopg2
import sqlalchemy as sa
from psycopg2.extensions import connection as DriverConnection  # noqa: N812 - a class
from sqlalchemy.orm import Session

NULL: Final = r"\N"
_MAKE_ROOM: Final = """
CREATE TEMP TABLE arriving_lines ON COMMIT DROP AS
SELECT {columns} FROM {table} WITH NO DATA
"""
_MOVE_ON: Final = """
INSERT INTO {table} ({columns}) SELECT * FROM arriving_lines;
DROP TABLE arriving_lines
"""
_ESCAPES: Final = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_CHARACTERS_AT_A_TIME: Final = 1 << 17


def copy_lines(
    session: Session, table: str, columns: Iterable[str], lines: Iterable[str]
) -> int:
    """Append lines in COPY's text format to a table; return how many there were.

    The caller commits. At most a few hundred kilobytes of them are held at a time.
    Raises psycopg2.Error, which db.postgres retries like any other statement's, and
    whatever `lines` raises.
    """
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    driver = session.connection().connection.dbapi_connection
    stream = _Stream(lines)
    with cast("DriverConnection", driver).cursor() as cursor:
        try:
            cursor.copy_expert(statement, stream, _CHARACTERS_AT_A_TIME)
        except psycopg2.Error:
            if stream.failure is not None:
                raise stream.failure from None
            raise
        return cursor.rowcount


def append_lines(
    session: Session, table: str, columns: Sequence[str], lines: Iterable[str]
) -> int:
    """Append lines as `copy_lines` does, to a table with row-level security.

    COPY refuses those tables, so the lines go by way of a temporary one.
    """
    names = {"table": table, "columns": ", ".join(columns)}
    session.execute(sa.text(_MAKE_ROOM.format(**names)))
    appended = copy_lines(session, "arriving_lines", columns, lines)
    session.execute(sa.text(_MOVE_ON.format(**names)))
    return appended


def line(*values: str | None) -> str:
    """Return one row in the form that COPY reads."""
    return "\t".join(map(_escaped, values)) + "\n"


def _escaped(value: str | None) -> str:
    return NULL if value is None else value.translate(_ESCAPES)


class _Stream(io.RawIOBase):
    """The lines as a file for psycopg2 to read."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines: Iterator[str] = iter(lines)
        self.failure: BaseException | None = None

    def read(self, size: int = -1, /) -> bytes:
        try:
            return self._take(size)
        except BaseException as failure:
            # psycopg2 would report it as an error of the server, Ctrl-C included.
            self.failure = failure
            raise

    def _take(self, size: int) -> bytes:
        taken: list[str] = []
        length = 0
        for text in self._lines:
            taken.append(text)
            length += len(text)
            if 0 <= size <= length:
                break
        return "".join(taken).encode()
