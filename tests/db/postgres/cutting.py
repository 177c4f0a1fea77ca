"""A TCP proxy before a PostgreSQL server that can cut a connection at a chosen word."""

import select
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from threading import Lock, Thread

import psycopg2

from db.endpoints import Endpoints
from tests.conftest import owner

COMMIT = b"COMMIT; "
# The server's message after a commit.
COMMITTED = b"COMMIT\x00"


class CuttingProxy:
    """Forwards everything, until a client sends `word`: then it cuts the connection.

    With `is_forwarded` the server still receives the word, and its answer reaches
    nobody. It cuts `cuts` times, then lets everything pass. `sent` has every message of
    the clients.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._guard = Lock()
        self._word = b""
        self._is_forwarded = False
        self._cuts = 0
        self._last_word: bytes | None = None
        self.sent: list[bytes] = []
        self.port: int = self._listener.getsockname()[1]

    def cut(self, word: bytes, *, is_forwarded: bool, cuts: int = 1) -> None:
        """Cut the next connections that send this word."""
        with self._guard:
            self._word, self._is_forwarded, self._cuts = word, is_forwarded, cuts

    def cut_answer(self, last_word: bytes) -> None:
        """Cut the next connection on which the server sends this, right after it."""
        with self._guard:
            self._last_word = last_word

    @property
    def has_cut(self) -> bool:
        """Whether all the cuts were made."""
        return self._cuts == 0 and self._last_word is None

    @classmethod
    @contextmanager
    def before(cls, endpoints: Endpoints) -> Iterator["CuttingProxy"]:
        """Stand before the primary of a database while the block runs."""
        with closing(psycopg2.connect(owner(endpoints))) as connection:
            host, port = connection.info.host, connection.info.port
        with cls(host, port).serving() as proxy:
            yield proxy

    @contextmanager
    def serving(self) -> Iterator["CuttingProxy"]:
        """Accept connections while the block runs."""
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
                    if source is client:
                        is_cut = self._is_to_be_cut(data)
                        target, passed = server, self._passed(data, is_cut=is_cut)
                    else:
                        target, passed = client, self._heard(data)
                        is_cut = passed != data
                    target.sendall(passed)
                    if is_cut or not data:
                        return

    def _is_to_be_cut(self, data: bytes) -> bool:
        with self._guard:
            if not self._cuts or self._word not in data:
                return False
            self._cuts -= 1
            return True

    def _passed(self, data: bytes, *, is_cut: bool) -> bytes:
        self.sent.append(data)
        return data if self._is_forwarded or not is_cut else b""

    def _heard(self, answer: bytes) -> bytes:
        """Return the part of an answer that reaches the client: up to the last word."""
        with self._guard:
            if self._last_word is None or self._last_word not in answer:
                return answer
            until = answer.index(self._last_word) + len(self._last_word)
            self._last_word = None
            return answer[:until]
