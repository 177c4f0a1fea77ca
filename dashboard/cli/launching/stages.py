"""The stages of a start, as they are printed."""

import time
from collections.abc import Callable
from contextlib import suppress

Say = Callable[[str], None]


def outliving(say: Say) -> Say:
    """Return `say` for a server that outlives its terminal, or the room for its log.

    Otherwise a promotion or a restore would stop the clinic when it reports that.
    """

    def say_if_heard(sentence: str) -> None:
        with suppress(OSError):
            say(sentence)

    return say_if_heard


class Stages:
    """Prints each stage of the start with the seconds it took."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._began = self._since = time.monotonic()

    def done(self, stage: str) -> None:
        """Print a stage that took the time since the previous one."""
        self.tell(stage, time.monotonic() - self._since)

    def tell(self, stage: str, seconds: float) -> None:
        """Print a stage that was timed elsewhere."""
        self._since = time.monotonic()
        self._say(f"  {stage:<32}{seconds:6.1f} s")

    def warn(self, sentence: str) -> None:
        """Print what whoever starts Chartroom has to know."""
        self._say(sentence)

    @property
    def seconds(self) -> float:
        """The seconds since the beginning."""
        return time.monotonic() - self._began
