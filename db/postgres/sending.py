"""Rows that PostgreSQL sends as fast as it finds them, by COPY."""

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
# What makes something of them takes many at a time.
_PIECE_BYTES: Final = 4 * 1024 * 1024
# So much may have come before it is wanted: PostgreSQL goes on while a file is stored.
_PIECES_AHEAD: Final = 2
# Whoever stores the rows may have to wait for a store or a primary to come back. What
# nobody fetches meanwhile fills the connection, and by its own limit the server would
# soon take such a client for one that has vanished.
_BEAR_PAUSES: Final = "SET LOCAL tcp_user_timeout = '2min'"


def sent_rows(
    session: Session, statement: Select[*tuple[Any, ...]]
) -> Generator[bytes]:
    """Yield the rows of a statement in COPY's text format, some at a time.

    Each ends with a line's end, and has tabs between what its columns have as text. A
    backslash stands before what is escaped: line's ends, tabs and backslashes, some
    more; and, before an N, for what is missing.

    They come by a thread of their own, so nothing else may be asked of the session
    until the last one is there. Closed before that, the server is told to stop. Raises
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
    """Rows on their way: psycopg2 writes them to a buffer, and that writes here."""

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
        """Have the server send."""
        self._thread.start()

    def end(self) -> None:
        """Leave the connection to whoever asks next: between two statements."""
        if not self._is_over:
            # A server that is gone cannot be told, and the rows have ended with it.
            with suppress(psycopg2.Error):
                self._driver.cancel()
            # What is on its way arrives still; the server's answer comes behind it.
            for _piece in self._arriving():
                pass
        self._thread.join()

    def whole_rows(self) -> Generator[bytes]:
        """Yield what arrives; raises whatever the statement came to."""
        rest = b""
        for piece in self._arriving():
            # What is begun is of one row, and all else goes on as it is.
            end = piece.rfind(b"\n") + 1
            if end:
                yield rest + piece[:end] if rest or end < len(piece) else piece
                rest = piece[end:]
            else:
                rest += piece
        if self._failure is not None:
            raise self._failure

    def writable(self) -> bool:
        """Tell that it may be written to: always."""
        return True

    def write(self, data: Any) -> int:
        """Hand over some rows, which are in the buffer and may be overwritten there.

        Waits for room: what nobody fetches is not to fill the memory.
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
            # A call of Python for each row would take as long as to receive it.
            buffer = BufferedWriter(self, _PIECE_BYTES)
            with self._driver.cursor() as cursor:
                statement = cursor.mogrify(self._statement, self._values)
                cursor.execute(_BEAR_PAUSES)
                cursor.copy_expert(_COPY % statement, buffer)
            buffer.flush()
        except BaseException as failure:
            # For whoever waits for the rows, in a thread that has others above it.
            self._failure = failure
        finally:
            self._pieces.put(None)
