"""How the web page has the launcher take the clinic back in time.

No web process could do it: it is closed on the way, with everything that it has begun.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from dashboard.web.front import sockets
from dashboard.web.front.sockets import CommandSocket, NoLauncher
from services.core.errors import Unavailable

_NAME: Final = "going-back.sock"
_BEGUN: Final = b"begun"
_SECONDS: Final = 10.0


class GoingBackServer(CommandSocket):
    """Where the launcher receives the request to take the clinic back in time.

    The request carries neither a time nor a reason: these are in the data folder, where
    only its owner can write, who could use the command as well.
    """

    def __init__(self, data: Path) -> None:
        super().__init__(data, _NAME)

    def answer(self, begin: Callable[[], None]) -> None:
        """Begin if there is a request, and confirm it."""
        client = self.accept(seconds=0)
        if client is None:
            return
        with client:
            begin()
            with suppress(OSError):
                client.sendall(_BEGUN)


def begin_going_back(data: Path) -> None:
    """Have the launcher begin what the data folder records; raises Unavailable."""
    answer = b""
    with suppress(NoLauncher, OSError), sockets.reach(data, _NAME) as launcher:
        launcher.settimeout(_SECONDS)
        answer = launcher.recv(len(_BEGUN))
    if answer != _BEGUN:
        raise Unavailable(
            "The launcher does not answer, so the clinic stays as it is. On its "
            "machine the command python -m dashboard restore --go-back does the same."
        )
