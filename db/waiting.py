"""Waits for a PostgreSQL that may never answer, and always with a limit.

libpq's blocking calls wait without limit for a server that hangs. Here connections are
asynchronous, and every wait ends.
"""

import select
from time import monotonic

from psycopg2.extensions import (
    POLL_OK,
    POLL_READ,
    connection as DriverConnection,  # noqa: N812 - a class
)


class Silent(Exception):
    """The server took what we sent and does not answer."""


def finish(connection: DriverConnection, deadline: float) -> None:
    """Wait until an asynchronous connection has finished; raises Silent.

    `deadline` is in monotonic seconds.
    """
    while (wants := connection.poll()) != POLL_OK:
        event = select.POLLIN if wants == POLL_READ else select.POLLOUT
        if not _comes(connection, event, max(0.0, deadline - monotonic())):
            raise Silent


def await_input(connection: DriverConnection, seconds: float) -> None:
    """Wait until the server sends something, but no longer than this many seconds."""
    _comes(connection, select.POLLIN, seconds)


def _comes(connection: DriverConnection, event: int, seconds: float) -> bool:
    # Not select(): it takes no descriptor above 1,023, and there may be thousands.
    poller = select.poll()
    poller.register(connection.fileno(), event)
    return bool(poller.poll(seconds * 1000))
