"""Rows sent in bulk, by PostgreSQL's COPY."""

import io
from collections.abc import Iterable, Iterator
from typing import Final, cast

from psycopg2.extensions import connection as DriverConnection  # noqa: N812 - a class
from sqlalchemy.orm import Session

NULL: Final = r"\N"
_ESCAPES: Final = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_CHARACTERS_AT_A_TIME: Final = 1 << 17


def copy_lines(
    session: Session, table: str, columns: Iterable[str], lines: Iterable[str]
) -> int:
    """Append lines in COPY's text format to a table; return how many they were.

    The caller commits. At most some hundred kilobytes of them are held at a time.
    Raises psycopg2.Error, which db.routing retries like any other statement's.
    """
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    driver = session.connection().connection.dbapi_connection
    with cast("DriverConnection", driver).cursor() as cursor:
        cursor.copy_expert(statement, _Stream(lines), _CHARACTERS_AT_A_TIME)
        return cursor.rowcount


def line(*values: str | None) -> str:
    """Write one row the way COPY reads it."""
    return "\t".join(map(_escaped, values)) + "\n"


def _escaped(value: str | None) -> str:
    return NULL if value is None else value.translate(_ESCAPES)


class _Stream(io.RawIOBase):
    """Lines as the file that psycopg2 reads."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines: Iterator[str] = iter(lines)

    def read(self, size: int = -1, /) -> bytes:
        taken: list[str] = []
        length = 0
        for text in self._lines:
            taken.append(text)
            length += len(text)
            if 0 <= size <= length:
                break
        return "".join(taken).encode()
