"""Ports of the cluster: chosen once, remembered, replaced when someone took them."""

import random
import socket
from collections.abc import Iterable
from typing import Final

from db.embedded.data_folder import CannotStart

# Below the ports that systems hand to outgoing connections, so that no browser tab
# of tomorrow happens to sit on a port that was remembered today.
_FIRST: Final = 15_000
_LAST: Final = 32_000
_ATTEMPTS: Final = 2_000


def choose(names: Iterable[str], remembered: dict[str, int]) -> dict[str, int]:
    """Return a free port for each name: the remembered one unless it is taken."""
    chosen: dict[str, int] = {}
    for name in names:
        port = remembered.get(name)
        if port is None or not is_free(port):
            port = _find(set(chosen.values()) | set(remembered.values()))
        chosen[name] = port
    return chosen


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Tell whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As servers do: a connection that lingers after its server is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _find(avoided: set[int]) -> int:
    for _ in range(_ATTEMPTS):
        port = random.randint(_FIRST, _LAST)  # noqa: S311 - not a secret
        if port not in avoided and is_free(port):
            return port
    raise CannotStart(
        f"No port between {_FIRST} and {_LAST} is free on 127.0.0.1: stop some of the "
        "programs that listen there."
    )
