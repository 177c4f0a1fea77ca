"""A lock on every server that answers: it excludes others even without a primary.

PostgreSQL's advisory locks work on replicas too, each on its own server. A process that
holds them on all servers that answer excludes every other that reaches one of the same
servers, from any machine. A promotion does not affect them, and they are released when
their holder dies.
"""

import time
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

import psycopg2
from psycopg2.extensions import (
    connection as DriverConnection,  # noqa: N812 - a class
    make_dsn,
)

from db.postgres.connections.server_addresses import Address
from db.waiting import Silent, finish

# A server that hangs must not hold up a failover away from it.
_ANSWER_SECONDS: Final = 2.0
# If the holder's machine vanishes without notice, the server releases the lock in ten
# seconds.
_NOTICING: Final = (
    "-c tcp_keepalives_idle=4 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
)
_TRY: Final = "SELECT pg_try_advisory_lock(hashtext(%s))"
# Closing a connection frees its locks as well, but only a moment later.
_FREE: Final = "SELECT pg_advisory_unlock_all()"


class ServerLocks:
    """Locks that are held until they are closed."""

    def __init__(self) -> None:
        self._connections: list[DriverConnection] = []

    @property
    def servers(self) -> int:
        """On how many servers the locks are held."""
        return len(self._connections)

    def add(self, address: Address, name: str) -> bool:
        """Take the lock on one more server; return whether it was free.

        Raises psycopg2.Error and Silent if the server does not answer.
        """
        options = f"{address.parameters.get('options', '')} {_NOTICING}".strip()
        parameters = {**address.parameters, "application_name": "chartroom lock"}
        dsn = make_dsn(**parameters | {"options": options})
        connection = psycopg2.connect(dsn, async_=True)
        is_free = False
        try:
            finish(connection, time.monotonic() + _ANSWER_SECONDS)
            is_free = bool(_ask(connection, _TRY, name))
        finally:
            if is_free:
                self._connections.append(connection)
            else:
                connection.close()
        return is_free

    def close(self) -> None:
        """Release the locks on all servers."""
        while self._connections:
            connection = self._connections.pop()
            with suppress(psycopg2.Error, Silent):
                _ask(connection, _FREE)
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def take(addresses: Iterable[Address], name: str) -> ServerLocks | None:
    """Take the lock of this name on all servers that answer; None if it is taken.

    Of two simultaneous callers at most one gets it, if they reach a server in common.
    """
    locks = ServerLocks()
    # Always in the same order: the first common server decides, so that two callers
    # cannot each end up with some of the locks.
    for address in sorted(addresses, key=lambda address: address.place):
        with suppress(psycopg2.Error, Silent):
            if not locks.add(address, name):
                locks.close()
                return None
    return locks


def _ask(connection: DriverConnection, statement: str, *values: object) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        finish(connection, time.monotonic() + _ANSWER_SECONDS)
        row = cursor.fetchone()
    return row[0] if row else None
