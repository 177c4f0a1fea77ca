"""Connection pools that never hand out a dead connection and never hang on one."""

import contextlib
import logging
import os
import select
import socket
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

from psycopg2.extensions import connection as DriverConnection  # noqa: N812 - a class
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import (
    DisconnectionError,
    TimeoutError as PoolTimeoutError,
)
from sqlalchemy.pool import QueuePool

from db.postgres import counters
from db.postgres.connections.batching import BatchedConnection
from db.postgres.connections.failures import DatabaseUnavailable
from db.postgres.connections.server_addresses import Place, place_of
from db.postgres.connections.spare_connections import SparingPool

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PoolSizes:
    """How many connections a pool keeps and how long it waits for one.

    `size` connections are kept permanently, and up to `overflow` more as long as all
    are needed.
    """

    size: int
    overflow: int
    timeout_seconds: float = 30
    recycle_seconds: int = 3600


@dataclass(frozen=True, slots=True)
class OpenedConnection:
    """What threads other than its owner may know of a connection, noted on opening.

    The owner may close it at any time, and libpq then frees its state without holding
    Python's lock: another thread that asks the connection itself would read freed
    memory.
    """

    at: float
    place: Place
    descriptor: int


class Pool:
    """One engine whose connections are checked: one that died idle is replaced."""

    def __init__(
        self, name: str, opener: Callable[[], DriverConnection], sizes: PoolSizes
    ) -> None:
        self._name = name
        self._opener = opener
        self._opened: WeakKeyDictionary[DriverConnection, OpenedConnection]
        self._opened = WeakKeyDictionary()
        self._guard = Lock()
        self.engine = self._make_engine(sizes)
        self._publish()

    def connect(self) -> Connection:
        """Take a connection; raises DBAPIError, or DatabaseUnavailable if all are busy.

        The latter is final: waiting again for a pool that stayed empty for its whole
        timeout would only lengthen the queue.
        """
        try:
            return self.engine.connect()
        except PoolTimeoutError as error:
            raise DatabaseUnavailable(
                "All connections to the database are in use."
            ) from error

    def opened_at(self, connection: Connection) -> float:
        """Return a monotonic time at which this connection was already open."""
        return self._opened[driver_of(connection)].at

    def renew(self) -> None:
        """Dispose of every connection: the server has changed its role."""
        self.engine.dispose()

    def cut(self, is_hung: Callable[[Place], bool]) -> None:
        """Wake the threads that wait on hung servers, by breaking their connections.

        A hung server keeps its TCP connections alive, and libpq waits without limit.
        Shutting the socket down under it is safe: only its owner closes it.
        """
        with self._guard:
            known = list(self._opened.items())
        for connection, opened in known:
            if not connection.closed and is_hung(opened.place):
                with contextlib.suppress(OSError):
                    _shut_down(opened)

    def close(self) -> None:
        """Close every idle connection."""
        self.engine.dispose()
        for state in ("in_use", "idle"):
            with contextlib.suppress(KeyError):
                counters.POOL.remove(self._name, state)

    def _make_engine(self, sizes: PoolSizes) -> Engine:
        engine = create_engine(
            "postgresql+psycopg2://",
            pool=SparingPool(
                self._open,
                pool_size=sizes.size + sizes.overflow,
                lasting=sizes.size,
                timeout=sizes.timeout_seconds,
                recycle=sizes.recycle_seconds,
            ),
            use_native_hstore=False,
            # Keeps what people type out of error messages, and thus out of the logs.
            hide_parameters=True,
        )
        event.listen(engine, "checkout", _refuse_dead)
        return engine

    def _open(self) -> DriverConnection:
        connection = self._opener()
        opened = OpenedConnection(
            monotonic(), place_of(connection), connection.fileno()
        )
        with self._guard:
            self._opened[connection] = opened
        return connection

    def _publish(self) -> None:
        in_use = counters.POOL.labels(self._name, "in_use")
        in_use.set_function(lambda: _pool_of(self.engine).checkedout())
        idle = counters.POOL.labels(self._name, "idle")
        idle.set_function(lambda: _pool_of(self.engine).checkedin())


def driver_of(connection: Connection) -> BatchedConnection:
    """Return the driver's connection under SQLAlchemy's."""
    driver = connection.connection.dbapi_connection
    if not isinstance(driver, BatchedConnection):
        raise TypeError("Routing needs connections of its own.")
    return driver


def ask(connection: Connection, question: str) -> tuple[Any, ...]:
    """Run one query outside any transaction, in a single round trip."""
    return driver_of(connection).say(question)


def _refuse_dead(driver: DriverConnection, *_: object) -> None:
    """Make the pool replace a connection that was closed while it was idle.

    An idle connection has nothing to read unless the server has said goodbye or is
    gone: polling costs microseconds, where a ping would cost a round trip. (A notice of
    changed server settings looks the same; a new connection does no harm then either.)
    """
    if driver.closed or _has_input(driver):
        raise DisconnectionError("The server closed an idle connection.")


def _has_input(driver: DriverConnection) -> bool:
    poller = select.poll()
    poller.register(driver.fileno(), select.POLLIN)
    return bool(poller.poll(0))


def _shut_down(opened: OpenedConnection) -> None:
    number = os.dup(opened.descriptor)
    try:
        duplicate = socket.socket(fileno=number)
    except OSError:
        os.close(number)
        raise
    with duplicate:
        # The owner may have closed it in the meantime, and its descriptor may have been
        # reused for another connection, which must not be cut.
        if _leads_to(duplicate, opened.place):
            _log.info("Closed a connection to a server that does not answer or lead")
            duplicate.shutdown(socket.SHUT_RDWR)


def _leads_to(duplicate: socket.socket, place: Place) -> bool:
    host, port = place
    if duplicate.family == socket.AF_UNIX:
        return host in str(duplicate.getpeername())
    return bool(duplicate.getpeername()[1] == int(port))


def _pool_of(engine: Engine) -> QueuePool:
    if not isinstance(engine.pool, QueuePool):
        raise TypeError("Routing pools are queues.")
    return engine.pool
