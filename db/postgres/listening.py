"""Hears of changes that any process commits, and how fresh a reader must be for them.

PostgreSQL notifies at the commit. Notifications sent while nobody listened are lost, so
as long as the primary does not answer, nothing is known and nothing may be relied on.
"""

import time
from contextlib import closing, suppress
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Any, Final

import psycopg2
from psycopg2.extensions import (
    connection as DriverConnection,  # noqa: N812 - a class
    make_dsn,
)

from db.endpoints import Endpoints
from db.postgres import Lsn
from db.postgres.connections.server_addresses import Address, ServerAddresses
from db.waiting import Silent, await_input, finish

# A server that hangs keeps its connections: only an answer shows that it would notify.
# No other server leads sooner than some ten seconds after that.
_ASK_EVERY_SECONDS: Final = 1.0
_TRUSTED_SECONDS: Final = 3.0
_ANSWER_SECONDS: Final = 2.0
_PAUSE_SECONDS: Final = 0.5
# A segment's name begins with its timeline.
_POSITION: Final = (
    "SELECT position, left(pg_walfile_name(position), 8) FROM (SELECT "
    "CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_flush_lsn() END AS position"
    ") AS here WHERE position IS NOT NULL"
)


@dataclass(frozen=True, slots=True)
class ChangeMark:
    """How many notifications came so far, and a position in the log after them.

    A reader that has reached `position` sees all that was notified of. Positions are
    compared within one `timeline` only: each server that takes over begins a new one.
    """

    count: int
    position: Lsn
    timeline: str = ""


class _LeadsNobody(Exception):
    """The server does not lead."""


@dataclass(slots=True)
class _Channel:
    """How often a channel was notified, and the log position to read from since."""

    count: int = 0
    position: tuple[Lsn, str] | None = None

    def lose(self) -> None:
        """Begin anew: what was known no longer holds."""
        self.count += 1
        self.position = None


class ListenerConnection:
    """Listens on whichever server leads, in a thread of its own, for a whole process.

    The thread starts with the first question about any of the channels.
    """

    def __init__(self, endpoints: Endpoints, *channels: str) -> None:
        self._endpoints = endpoints
        self._closing = Event()
        self._guard = Lock()
        self._thread: Thread | None = None
        self._channels = {name: _Channel() for name in channels}
        self._answered_at = 0.0

    def listener(self, channel: str) -> "Listener":
        """Return the listener of one of the channels."""
        return Listener(self, self._channels[channel])

    def change_mark(self, channel: _Channel) -> ChangeMark | None:
        """Return what was notified so far; None while the primary may not be heard."""
        with self._guard:
            if self._thread is None and not self._closing.is_set():
                self._thread = Thread(target=self._run, name="listener", daemon=True)
                self._thread.start()
            is_old = time.monotonic() - self._answered_at > _TRUSTED_SECONDS
            if channel.position is None or is_old:
                return None
            return ChangeMark(channel.count, *channel.position)

    def adopt(self, endpoints: Endpoints) -> None:
        """Listen to these servers, once the one that leads now is lost."""
        self._endpoints = endpoints

    def close(self) -> None:
        """Stop listening."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            for address in ServerAddresses(self._endpoints).nodes:
                # Whatever the error, the next attempt or the next server may do better.
                with suppress(psycopg2.Error, OSError, Silent, _LeadsNobody):
                    self._listen(address)
            self._lose(*self._channels)
            self._closing.wait(_PAUSE_SECONDS)

    def _listen(self, address: Address) -> None:
        """Listen to this server for as long as it answers and leads."""
        try:
            with closing(_open(address)) as connection:
                for name in self._channels:
                    _ask(connection, f'LISTEN "{name}"')
                self._take(connection)
                while not self._closing.is_set():
                    # Notifications that came with the last answer are there already: do
                    # not wait.
                    if not connection.notifies:
                        await_input(connection, _ASK_EVERY_SECONDS)
                        connection.poll()
                    self._lose(*{notice.channel for notice in connection.notifies})
                    connection.notifies.clear()
                    self._take(connection)
        finally:
            self._lose(*self._channels)

    def _take(self, connection: DriverConnection) -> None:
        """Ask where the log ends, which is after everything notified so far."""
        queried_at = time.monotonic()
        answer = _ask(connection, _POSITION)
        if not answer:
            raise _LeadsNobody
        ((position, timeline),) = answer
        with self._guard:
            self._answered_at = queried_at
            for channel in self._channels.values():
                if channel.position is None:
                    channel.position = (Lsn.parse(position), timeline)

    def _lose(self, *names: str) -> None:
        with self._guard:
            for name in names:
                self._channels[name].lose()


@dataclass(frozen=True, slots=True)
class Listener:
    """Hears the notifications of one channel."""

    connection: ListenerConnection
    _channel: _Channel

    def change_mark(self) -> ChangeMark | None:
        """Return what was notified so far; None while the primary may not be heard."""
        return self.connection.change_mark(self._channel)


def _open(address: Address) -> DriverConnection:
    parameters = {**address.parameters, "application_name": "chartroom listener"}
    connection = psycopg2.connect(make_dsn(**parameters), async_=True)
    try:
        finish(connection, time.monotonic() + _ANSWER_SECONDS)
    except BaseException:
        connection.close()
        raise
    return connection


def _ask(connection: DriverConnection, statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        finish(connection, time.monotonic() + _ANSWER_SECONDS)
        return cursor.fetchall() if cursor.description else []
