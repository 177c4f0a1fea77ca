"""Asks a PostgreSQL whether it is alive; tells a dead server from a busy one."""

import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import Final

import psutil
import psycopg2
from psycopg2.extensions import (
    connection as DriverConnection,  # noqa: N812 - a class
    make_dsn,
)

from db.cluster.fencing import Silence
from db.waiting import Silent, finish

_BEAT_SECONDS: Final = 0.25
# A question stays open for this long; the supervisor's limits are shorter.
_OPEN_SECONDS: Final = 15.0
# A longer gap between two looks means that we were kept from looking ourselves.
_LATE_SECONDS: Final = 0.5
_BUSY: Final = frozenset(
    {psutil.STATUS_RUNNING, psutil.STATUS_DISK_SLEEP, psutil.STATUS_TRACING_STOP}
)


@dataclass(slots=True)
class Unresponsiveness:
    """What the processes of a PostgreSQL did in every look since it fell silent.

    Only the time in which we looked counts: a machine that slept is no silence.
    """

    since: float
    looked_at: float
    seconds: float = 0.0
    was_busy: bool = False
    was_awake: bool = False

    def look(self, now: float, states: Collection[str]) -> None:
        """Record the states of its processes (psutil's words) at this time."""
        gap = now - self.looked_at
        self.looked_at = now
        self.seconds += min(gap, _LATE_SECONDS)
        # Whatever delays us may delay the server as well.
        self.was_busy |= gap > _LATE_SECONDS or not _BUSY.isdisjoint(states)
        self.was_awake |= set(states) != {psutil.STATUS_STOPPED}

    @property
    def kind(self) -> Silence:
        """What the unresponsive server did all the while."""
        if self.was_busy:
            return Silence.BUSY
        return Silence.IDLE if self.was_awake else Silence.STOPPED


class LivenessProbe:
    """A thread with a connection of its own that sends a trivial query again and again.

    A refusal is an answer as well: only a server that sends nothing is silent.
    """

    def __init__(self, name: str, url: str) -> None:
        self._dsn = make_dsn(url, application_name="chartroom supervisor")
        self._queried_at: float | None = None
        self._connection: DriverConnection | None = None
        # Recorded for other threads, which may not use a connection that its own thread
        # closes.
        self._backend_pid = 0
        self._stopping = Event()
        self._thread = Thread(target=self._run, name=f"probe {name}", daemon=True)

    def start(self) -> None:
        """Start asking."""
        self._thread.start()

    def stop(self) -> None:
        """Stop asking; return at once, whatever the server does."""
        self._stopping.set()

    @property
    def unanswered_since(self) -> float | None:
        """When the question that is still unanswered was asked (monotonic)."""
        return self._queried_at

    def states(self, server: psutil.Process) -> set[str]:
        """Return what the server, and its process that should answer, are doing."""
        states: set[str] = set()
        with suppress(psutil.Error):
            states.add(server.status())
        with suppress(psutil.Error):
            if pid := self._backend_pid:
                states.add(psutil.Process(pid).status())
        return states

    def _run(self) -> None:
        while not self._stopping.wait(_BEAT_SECONDS):
            self._queried_at = time.monotonic()
            try:
                self._ask(self._queried_at + _OPEN_SECONDS)
            except (psycopg2.Error, OSError, Silent):
                self._disconnect()
            self._queried_at = None
        self._disconnect()

    def _ask(self, deadline: float) -> None:
        if self._connection is None:
            self._connection = psycopg2.connect(self._dsn, async_=True)
            finish(self._connection, deadline)
            self._backend_pid = self._connection.info.backend_pid
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT")
            finish(self._connection, deadline)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        self._backend_pid = 0
        if connection is not None:
            with suppress(psycopg2.Error):
                connection.close()
