"""A wire between two networks, which can be cut and mended.

It carries TCP connections from one to the other. When cut, it carries nothing: not a
byte, nor the news that a side has closed or died. A connected peer hears nothing at
all, as with a cable that is pulled, and a connecting one waits.
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import Final

_PIECE_BYTES: Final = 65_536
_BACKLOG: Final = 128
_DIAL_SECONDS: Final = 5.0

# Returns a connection into the other network, or raises OSError.
Dial = Callable[[], socket.socket]


class Wire:
    """Connections between two networks, each with two threads that carry its bytes."""

    def __init__(self) -> None:
        self._whole = Event()
        self._whole.set()
        self._guard = Lock()
        self._listeners: list[socket.socket] = []
        self._carried: set[socket.socket] = set()
        self._is_closed = False

    @property
    def is_cut(self) -> bool:
        """Whether the wire carries nothing at the moment."""
        return not self._whole.is_set()

    @property
    def connections(self) -> int:
        """How many connections the wire holds, whether bytes flow or not."""
        return len(self._carried) // 2

    def join(self, listener: socket.socket, dial: Dial) -> None:
        """Carry every connection to the listener on to where `dial` leads.

        The wire owns the listener from now on.
        """
        with self._guard:
            self._listeners.append(listener)
        Thread(
            target=self._serve, args=[listener, dial], name="wire", daemon=True
        ).start()

    def cut(self) -> None:
        """Carry nothing from now on."""
        self._whole.clear()
        # New connections, except the first, get no answer from the kernel either.
        self._let_wait(0)

    def mend(self) -> None:
        """Carry again, beginning with what has waited."""
        self._let_wait(_BACKLOG)
        self._whole.set()

    def close(self) -> None:
        """End every connection, and accept no more."""
        with self._guard:
            self._is_closed = True
            ending = [*self._listeners, *self._carried]
            self._listeners.clear()
        for connection in ending:
            # This wakes the thread that waits on the socket, which then closes it.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._whole.set()

    def _let_wait(self, backlog: int) -> None:
        with self._guard:
            for listener in self._listeners:
                listener.listen(backlog)

    def _serve(self, listener: socket.socket, dial: Dial) -> None:
        with listener, suppress(OSError):
            while self._whole.wait():
                caller, _ = listener.accept()
                if not self._hold(caller):
                    return
                Thread(
                    target=self._connect, args=[caller, dial], name="wire", daemon=True
                ).start()

    def _connect(self, caller: socket.socket, dial: Dial) -> None:
        self._whole.wait()
        try:
            called = dial()
        except OSError:
            self._whole.wait()
            self._drop(caller)
            return
        if not self._hold(called):
            self._drop(caller)
            return
        back = Thread(
            target=self._carry, args=[called, caller], name="wire", daemon=True
        )
        back.start()
        self._carry(caller, called)
        back.join()
        self._drop(caller, called)

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        """Carry bytes one way until that side has finished sending."""
        with suppress(OSError):
            while piece := _read(source):
                self._whole.wait()
                target.sendall(piece)
        self._whole.wait()
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def _hold(self, connection: socket.socket) -> bool:
        """Add a connection and return True; close it if the wire is closed."""
        connection.settimeout(None)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._guard:
            if not self._is_closed:
                self._carried.add(connection)
                return True
        connection.close()
        return False

    def _drop(self, *ended: socket.socket) -> None:
        with self._guard:
            self._carried.difference_update(ended)
        for connection in ended:
            connection.close()


def dialling(fresh: Callable[[], socket.socket], port: int) -> Dial:
    """Return a function that connects to a port of the network of `fresh`."""

    def dial() -> socket.socket:
        called = fresh()
        try:
            called.settimeout(_DIAL_SECONDS)
            called.connect(("127.0.0.1", port))
        except OSError:
            called.close()
            raise
        return called

    return dial


def _read(source: socket.socket) -> bytes:
    # A side that was reset has finished sending, too.
    with suppress(ConnectionError):
        return source.recv(_PIECE_BYTES)
    return b""
