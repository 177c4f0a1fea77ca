"""How `restore --go-back` has the launcher close the clinic, and open it again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from socket import socket
from typing import Final

from dashboard.web.front import sockets
from dashboard.web.front.sockets import CommandSocket, NoLauncher
from db.backups.backup_errors import CannotRestore
from db.settings import Settings

_NAME: Final = "closing.sock"
_CLOSED: Final = b"closed"
_OPEN: Final = b"open"
_DONE: Final = b"done"
_LONGEST_WORD: Final = 16


class ClosingServer(CommandSocket):
    """Where the launcher receives the request to close the clinic for a while."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.data, _NAME)

    def answer(self, close: Callable[[], None], reopen: Callable[[], None]) -> None:
        """Close the clinic for a client, until the client is done or gone."""
        client = self.accept(seconds=0)
        if client is None:
            return
        with client:
            close()
            # The client may have left; then the clinic opens at once.
            with suppress(OSError):
                client.sendall(_CLOSED)
                client.recv(_LONGEST_WORD)
            reopen()
            with suppress(OSError):
                client.sendall(_OPEN)


@contextmanager
def closed(settings: Settings) -> Iterator[None]:
    """Keep the clinic closed for a block; it opens again however the block ends.

    Raises CannotRestore if nobody can close it, or if it did not open again.
    """
    try:
        launcher = sockets.reach(settings.data, _NAME)
    except NoLauncher as error:
        raise CannotRestore(str(error)) from error
    with launcher:
        if _heard(launcher) != _CLOSED:
            raise CannotRestore("The launcher ended while closing the clinic.")
        yield
        with suppress(OSError):
            launcher.sendall(_DONE)
        if _heard(launcher) != _OPEN:
            raise CannotRestore(
                "The launcher ended while opening the clinic: start it again with "
                "script/server, which continues."
            )


def _heard(launcher: socket) -> bytes:
    with suppress(OSError):
        return launcher.recv(_LONGEST_WORD)
    return b""
