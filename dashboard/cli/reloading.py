"""How `python -m dashboard reload` reaches the launcher that runs."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

from dashboard.web.front import sockets
from dashboard.web.front.sockets import CommandSocket, NoLauncher
from dashboard.web.startup_checks import CannotServe
from db.settings import Settings

_NAME: Final = "launcher.sock"
_DONE: Final = "done"


class ReloadServer(CommandSocket):
    """Where the launcher receives the request to replace its web processes."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.data, _NAME)

    def answer(self, reload: Callable[[], Iterator[str]], *, seconds: float) -> None:
        """Wait up to `seconds` for a client; then replace them, reporting progress."""
        client = self.accept(seconds=seconds)
        if client is None:
            return
        with client, client.makefile("w", buffering=1) as words:
            for word in _tell(reload):
                # The client may have left; what was begun is finished.
                with suppress(OSError):
                    print(word, file=words)


def _tell(reload: Callable[[], Iterator[str]]) -> Iterator[str]:
    try:
        yield from reload()
    except CannotServe as refusal:
        yield str(refusal)
    else:
        yield _DONE


def ask(settings: Settings, *, say: Callable[[str], None]) -> None:
    """Have the web processes replaced; raises CannotServe if that fails."""
    try:
        launcher = sockets.reach(settings.data, _NAME)
    except NoLauncher as error:
        raise CannotServe(str(error)) from error
    said = "The launcher ended while replacing them."
    with launcher, launcher.makefile() as words:
        for line in words:
            said = line.rstrip()
            if said.endswith("is replaced."):
                say(said)
    if said != _DONE:
        raise CannotServe(said)
