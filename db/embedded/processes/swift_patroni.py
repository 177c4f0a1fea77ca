"""Patroni with shorter pauses, as a program: for servers that are all on one machine.

A planned switchover waits three times in Patroni 4.1 whatever the servers do: up to a
second until it looks again whether PostgreSQL has stopped, another one for replicas to
catch up (which it then checks all the same), and two in which every other replica only
leaves the chosen one a head start, while commits wait for one of them to follow. Made
shorter, writers wait for about one second instead of four. What Patroni checks before
it lets anybody lead stays as it is.
"""

import sys
import time
from typing import Any, Final

# First: Patroni's modules import each other in a circle that only opens here.
import patroni.postgresql  # isort: skip
import patroni.ha
from patroni.__main__ import main

# An answer on this machine takes milliseconds.
PAUSE_SECONDS: Final = 0.2
_POLLING_SECONDS: Final = 0.05
# Other pauses, such as that until the moment of a planned restart, are meant.
_HEAD_STARTS: Final = (1, 2)


class SwiftTime:
    """The module time, but for pauses of exactly one or two seconds."""

    def __getattr__(self, name: str) -> Any:
        """Return what the module has."""
        return getattr(time, name)

    @staticmethod
    def sleep(seconds: float) -> None:
        """Pause for so long, or less where Patroni only leaves others time."""
        time.sleep(PAUSE_SECONDS if seconds in _HEAD_STARTS else seconds)


def hurry() -> None:
    """Make the pauses of this process's Patroni shorter."""
    patroni.ha.time = SwiftTime()
    patroni.postgresql.STOP_POLLING_INTERVAL = _POLLING_SECONDS


# Patroni starts PostgreSQL from a process that imports this again and is no Patroni.
if __name__ == "__main__":
    hurry()
    sys.exit(main())
