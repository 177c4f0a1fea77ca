"""Ports of the cluster: chosen once, remembered, replaced if somebody takes them."""

import random
import socket
from collections.abc import Iterable, Mapping
from typing import Final, Self

from db.embedded.data_folder import CannotStart

# Below the ports that systems use for outgoing connections, so that no browser tab of
# tomorrow happens to occupy a port that was remembered today.
_FIRST: Final = 15_000
_LAST: Final = 32_000
_ATTEMPTS: Final = 2_000


class PortReservations:
    """Ports that no other cluster of this machine takes while this one has them.

    A server that is down or restarting listens nowhere: without a reservation its port
    would be free for anybody who looks just then. A reservation is a name in the
    kernel, which exists only once in a network and goes with the process.
    """

    def __init__(self) -> None:
        self._sockets: dict[int, socket.socket] = {}

    def __enter__(self) -> Self:
        """Reserve until the end of a block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Release the ports."""
        self.close()

    def choose(
        self, names: Iterable[str], remembered: Mapping[str, int]
    ) -> dict[str, int]:
        """Reserve a port for each name: the remembered one unless it is taken.

        Raises CannotStart if none is free.
        """
        chosen: dict[str, int] = {}
        for name in names:
            port = remembered.get(name)
            if port is None or not self._try_to_reserve(port):
                port = self._find({*chosen.values(), *remembered.values()})
            chosen[name] = port
        return chosen

    def give_back(self, ports: Iterable[int]) -> None:
        """Release a few of the ports."""
        for port in ports:
            if reserved := self._sockets.pop(port, None):
                reserved.close()

    def close(self) -> None:
        """Release the ports."""
        self.give_back(tuple(self._sockets))

    def _find(self, avoided: set[int]) -> int:
        for _ in range(_ATTEMPTS):
            port = random.randint(_FIRST, _LAST)  # noqa: S311 - not a secret
            if port not in avoided and self._try_to_reserve(port):
                return port
        raise CannotStart(
            f"No port between {_FIRST} and {_LAST} is free on 127.0.0.1: stop some of "
            "the programs that listen there."
        )

    def _try_to_reserve(self, port: int) -> bool:
        if not is_free(port):
            return False
        if port not in self._sockets:
            # Nothing listens on it, so nothing can connect to it either.
            reservation = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                reservation.bind(f"\0chartroom-port-{port}")
            except OSError:
                reservation.close()
                return False
            self._sockets[port] = reservation
        return True


def is_free(port: int) -> bool:
    """Return whether a server could listen on this machine's port now."""
    with socket.socket() as probe:
        # As servers do: a connection that lingers after its server is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
