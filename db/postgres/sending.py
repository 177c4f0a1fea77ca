"""Rows that PostgreSQL sends by COPY, as fast as it finds them."""

from collections.abc import Generator
from contextlib import suppress
from io import BufferedWriter, RawIOBase
from queue import SimpleQueue
from threading import BoundedSemaphore, Thread
from typing import Any, Final

import psycopg2
from psycopg2.extensions import connection as DriverConnection  # noqa: N812 - a class
from sqlalchemy import Select
from sqlalchemy.orm import Session

from db.postgres.connections.pools import driver_of

_COPY: Final = b"COPY (%b) TO STDOUT (FORMAT text, ENCODING 'UTF8')"
# Consumers work on many rows at a time.
_PIECE_BYTES: Final = 4 * 1024 * 1024
# This much may arrive before it is wanted: PostgreSQL goes on while a file is stored.
_PIECES_AHEAD: Final = 2
# The consumer may have to wait for a store or a primary to come back. Rows that are not
# fetched fill the connection, and by its own limit the server would soon take such a
# client for one that has vanished.
_BEAR_PAUSES: Final = "SET LOCAL tcp_user_timeout = '2min'"


def sent_rows(
    session: Session, statement: Select[*tuple[Any, ...]]
) -> Generator[bytes]:
    """Yield the rows of a statement in COPY's text format, a block of them at a time.

    Each row ends with a line feed and separates its columns by tabs. A backslash
    precedes what is escaped: line feeds, tabs, backslashes and a few more. A backslash
    before an N is NULL.

    The rows arrive by a thread of their own, so the session must not be used until the
    last one is there. Closing the generator earlier tells the server to stop. Raises
    psycopg2.Error.
    """
    connection = session.connection()
    compiled = statement.compile(
        dialect=connection.dialect, compile_kwargs={"render_postcompile": True}
    )
    arriving = _ArrivingRows(
        driver_of(connection), str(compiled), dict(compiled.params)
    )
    arriving.begin()
    try:
        yield from arriving.whole_rows()
    finally:
        arriving.end()


class _ArrivingRows(RawIOBase):
    """Rows on their way: psycopg2 writes to a buffer, and the buffer writes here."""

    def __init__(
        self, driver: DriverConnection, statement: str, values: dict[str, Any]
    ) -> None:
        super().__init__()
        self._driver = driver
        self._statement = statement
        self._values = values
        self._room = BoundedSemaphore(_PIECES_AHEAD)
        self._pieces: SimpleQueue[bytes | None] = SimpleQueue()
        self._failure: BaseException | None = None
        self._is_over = False
        self._thread = Thread(target=self._copy, name="rows-by-copy", daemon=True)

    def begin(self) -> None:
        """Start the transfer."""
        self._thread.start()

    def end(self) -> None:
        """Leave the connection between two statements, ready for its next user."""
        if not self._is_over:
            # A server that is gone cannot be told, and its rows have ended with it.
            with suppress(psycopg2.Error):
                self._driver.cancel()
            # Rows already under way still arrive; the server's answer comes after them.
            for _piece in self._arriving():
                pass
        self._thread.join()

    def whole_rows(self) -> Generator[bytes]:
        """Yield what arrives, in whole rows; raise the statement's failure, if any."""
        rest = b""
        for piece in self._arriving():
            # Only one row is incomplete; everything else is passed on unchanged.
            end = piece.rfind(b"\n") + 1
            if end:
                yield rest + piece[:end] if rest or end < len(piece) else piece
                rest = piece[end:]
            else:
                rest += piece
        if self._failure is not None:
            raise self._failure

    def writable(self) -> bool:
        """Return True: it can always be written to."""
        return True

    def write(self, data: Any) -> int:
        """Hand over a copy of these rows, since the buffer may be overwritten.

        Waits for room: rows that are not fetched must not fill the memory.
        """
        piece = bytes(data)
        self._room.acquire()
        self._pieces.put(piece)
        return len(piece)

    def _arriving(self) -> Generator[bytes]:
        while (piece := self._pieces.get()) is not None:
            self._room.release()
            yield piece
        self._is_over = True

    def _copy(self) -> None:
        try:
            # One Python call per row would take as long as receiving the row.
            buffer = BufferedWriter(self, _PIECE_BYTES)
            with self._driver.cursor() as cursor:
                statement = cursor.mogrify(self._statement, self._values)
                cursor.execute(_BEAR_PAUSES)
                cursor.copy_expert(_COPY % statement, buffer)
            buffer.flush()
        except BaseException as failure:
            # Raised to the consumer of the rows, whose thread has callers to handle it.
            self._failure = failure
        finally:
            self._pieces.put(None)
