"""Lines that PostgreSQL sends as fast as it makes them, by COPY."""

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

# What is not quoted is sent as it is. Only what holds one of these two would be.
_COPY: Final = (
    b"COPY (%b) TO STDOUT "
    b"(FORMAT csv, DELIMITER E'\\x02', QUOTE E'\\x01', ENCODING 'UTF8')"
)
_PIECE_BYTES: Final = 256 * 1024
# So much may have come before it is wanted: PostgreSQL goes on while a file is stored.
_PIECES_AHEAD: Final = 16
# Whoever stores the lines may have to wait for a store or a primary to come back. What
# nobody fetches meanwhile fills the connection, and by its own limit the server would
# soon take such a client for one that has vanished.
_BEAR_PAUSES: Final = "SET LOCAL tcp_user_timeout = '2min'"


def sent_lines(session: Session, statement: Select[*tuple[str]]) -> Generator[bytes]:
    """Yield the texts of a statement, each with a line's end, some at a time.

    No text may be empty, or have a line's end or a control character of its own: JSON
    is none of that. They come by a thread of their own, so nothing else may be asked of
    the session until the last one is there. Closed before that, the server is told to
    stop. Raises psycopg2.Error.
    """
    connection = session.connection()
    compiled = statement.compile(
        dialect=connection.dialect, compile_kwargs={"render_postcompile": True}
    )
    arriving = _ArrivingLines(
        driver_of(connection), str(compiled), dict(compiled.params)
    )
    arriving.begin()
    try:
        yield from arriving.whole_lines()
    finally:
        arriving.end()


class _ArrivingLines(RawIOBase):
    """Lines on their way: psycopg2 writes them to a buffer, and that writes here."""

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
        self._thread = Thread(target=self._copy, name="lines-by-copy", daemon=True)

    def begin(self) -> None:
        """Have the server send."""
        self._thread.start()

    def end(self) -> None:
        """Leave the connection to whoever asks next: between two statements."""
        if not self._is_over:
            # A server that is gone cannot be told, and the lines have ended with it.
            with suppress(psycopg2.Error):
                self._driver.cancel()
            # What is on its way arrives still; the server's answer comes behind it.
            for _piece in self._arriving():
                pass
        self._thread.join()

    def whole_lines(self) -> Generator[bytes]:
        """Yield what arrives; raises whatever the statement came to."""
        rest = b""
        for piece in self._arriving():
            lines, end, begun = (rest + piece).rpartition(b"\n")
            rest = begun
            if end:
                yield lines + end
        if self._failure is not None:
            raise self._failure

    def writable(self) -> bool:
        """Tell that it may be written to: always."""
        return True

    def write(self, data: Any) -> int:
        """Hand over some lines, which are in the buffer and may be overwritten there.

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
            # A call of Python for each line would take as long as to receive it.
            buffer = BufferedWriter(self, _PIECE_BYTES)
            with self._driver.cursor() as cursor:
                statement = cursor.mogrify(self._statement, self._values)
                cursor.execute(_BEAR_PAUSES)
                cursor.copy_expert(_COPY % statement, buffer)
            buffer.flush()
        except BaseException as failure:
            # For whoever waits for the lines, in a thread that has others above it.
            self._failure = failure
        finally:
            self._pieces.put(None)
