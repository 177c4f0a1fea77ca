"""A TCP proxy before a PostgreSQL server that can cut a connection at a chosen word."""

import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock, Thread

COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"


class CuttingProxy:
    """Forwards everything, until a client sends `word`: then it cuts the connection.

    With `is_forwarded` the server still receives the word and nobody hears what it
    answers. It cuts `cuts` times, then lets everything pass.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._guard = Lock()
        self._word = b""
        self._is_forwarded = False
        self._cuts = 0
        self.port: int = self._listener.getsockname()[1]

    def cut(self, word: bytes, *, is_forwarded: bool, cuts: int = 1) -> None:
        """Cut the next connections that send this word."""
        with self._guard:
            self._word, self._is_forwarded, self._cuts = word, is_forwarded, cuts

    @property
    def has_cut(self) -> bool:
        """Whether all the cuts were made."""
        return self._cuts == 0

    @contextmanager
    def serving(self) -> Iterator["CuttingProxy"]:
        """Accept connections meanwhile."""
        Thread(target=self._accept, daemon=True).start()
        try:
            yield self
        finally:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client: socket.socket) -> None:
        with (
            suppress(OSError),
            client,
            socket.create_connection(self._target) as server,
        ):
            while True:
                for source in select.select([client, server], [], [])[0]:
                    data = source.recv(65536)
                    is_cut = source is client and self._is_to_be_cut(data)
                    if not is_cut or self._is_forwarded:
                        (server if source is client else client).sendall(data)
                    if is_cut or not data:
                        return

    def _is_to_be_cut(self, data: bytes) -> bool:
        with self._guard:
            if not self._cuts or self._word not in data:
                return False
            self._cuts -= 1
            return True
