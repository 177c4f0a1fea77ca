"""Looks at one server again and again, and never waits for an answer without limit."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Event, Lock, Thread
from time import monotonic

import psycopg2
from psycopg2.extensions import (
    connection as DriverConnection,  # noqa: N812 - a class
    make_dsn,
)

from db.postgres.connections.server_addresses import Address
from db.postgres.watching import leadership
from db.postgres.watching.history import WalHistory
from db.postgres.watching.lsn import Lsn
from db.postgres.watching.nodes import NodeState, Role
from db.waiting import Silent, finish

_log = logging.getLogger(__name__)
# A command has no log, and says itself what it could not do. Python would print a
# silent server amid its answer, such as a replica that is still being copied.
_log.addHandler(logging.NullHandler())

ANSWER_SECONDS = 2.0

# Called with a server's name and the number of seconds it has been silent.
OnUnresponsive = Callable[[str, float], None]
# Called with the name of a server that leads now and was a replica before.
OnLeading = Callable[[str], None]

_LOOK = leadership.question()


@dataclass(frozen=True, slots=True)
class ServerReport:
    """What a server reported about itself; `queried_at` is just before the query."""

    queried_at: float
    answered_at: float
    role: Role
    replay_lsn: Lsn
    receive_lsn: Lsn
    timeline: int


class Watcher:
    """A daemon thread with a connection of its own, and the latest state it has seen.

    The connection is asynchronous: libpq's blocking calls wait without limit for a
    server that hangs, and every wait here has a limit.
    """

    def __init__(
        self,
        address: Address,
        history: WalHistory,
        on_unresponsive: OnUnresponsive,
        on_leading: OnLeading,
        pause_seconds: Callable[[], float],
    ) -> None:
        self.state = NodeState(address.name)
        self.looked = Event()
        self.address = address
        self._history = history
        self._closing = Event()
        self._on_unresponsive = on_unresponsive
        self._on_leading = on_leading
        self._pause_seconds = pause_seconds
        self._guard = Lock()
        self._connection: DriverConnection | None = None
        self._last_heard_at = monotonic()
        self._thread = Thread(
            target=self._run, name=f"watch {address.name}", daemon=True
        )

    def start(self) -> None:
        """Start looking."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking; the thread ends soon."""
        self._closing.set()

    def join(self) -> None:
        """Wait for the thread, which ends soon after `stop`."""
        self._thread.join(timeout=2 * ANSWER_SECONDS)

    def mark_down(self) -> None:
        """Leave the server out until the next look."""
        with self._guard:
            was_reachable = self.state.reachable
            self.state = replace(self.state, reachable=False, latency_seconds=None)
        if was_reachable:
            _log.warning("Database server %s does not answer", self.address.name)

    def note_missed(self, position: Lsn) -> None:
        """Record that waiting for this position was in vain."""
        with self._guard:
            self.state = replace(self.state, missed_lsn=position)

    def observe(self, position: Lsn, queried_at: float) -> None:
        """Record how far the server was found to be."""
        with self._guard:
            self.state = advance(self.state, position, queried_at)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._look_once()
            except Exception as error:
                # Whatever the error, looking goes on: a dead watch would see no
                # recovery.
                _log.debug("%s: %s", self.address.name, error)
                self._lose()
            self.looked.set()
            self._closing.wait(self._pause_seconds())
        self._disconnect()

    def _look_once(self) -> None:
        try:
            self._take_in(self._look())
        except Silent:
            self._lose()
            self._on_unresponsive(self.state.name, monotonic() - self._last_heard_at)

    def _look(self) -> ServerReport:
        connection = self._connection or self._connect()
        queried_at = monotonic()
        with connection.cursor() as cursor:
            cursor.execute(_LOOK)
            finish(connection, queried_at + ANSWER_SECONDS)
            is_replica, replayed, received, timeline = cursor.fetchone() or (None,) * 4
        position = Lsn.parse(replayed or "0/0")
        return ServerReport(
            queried_at,
            monotonic(),
            "replica" if is_replica else "primary",
            position,
            Lsn.parse(received) if received else position,
            timeline,
        )

    def _connect(self) -> DriverConnection:
        dsn = make_dsn(
            **{**self.address.parameters, "application_name": "chartroom watch"}
        )
        self._connection = psycopg2.connect(dsn, async_=True)
        finish(self._connection, monotonic() + ANSWER_SECONDS)
        return self._connection

    def _take_in(self, look: ServerReport) -> None:
        history, position = self._history, look.replay_lsn
        if look.role == "primary":
            history.note(look.timeline, position, look.answered_at)
        with self._guard:
            was = self.state
            self._last_heard_at = look.answered_at
            self.state = replace(
                advance(was, position, look.queried_at),
                role=look.role,
                reachable=True,
                # A replica that is not receiving reports the timeline of its last
                # checkpoint.
                timeline=max(look.timeline, was.timeline or 0),
                latency_seconds=look.answered_at - look.queried_at,
                lag_seconds=history.seconds_behind(position, look.answered_at),
                lag_bytes=history.bytes_behind(position),
                receive_lag_bytes=history.bytes_behind(max(look.receive_lsn, position)),
            )
        if not was.reachable or was.role != look.role:
            _log.info("Database server %s is up as a %s", was.name, look.role)
        if look.role == "primary" and was.role == "replica":
            self._on_leading(was.name)

    def _lose(self) -> None:
        self._disconnect()
        self.mark_down()

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(psycopg2.Error):
                self._connection.close()
            self._connection = None


def advance(state: NodeState, position: Lsn, queried_at: float) -> NodeState:
    """Return the state updated with a position that was queried at `queried_at`.

    Answers arrive in any order: an older answer with a lower position means nothing. A
    newer one with a lower position means that the server has restarted.
    """
    known = state.replay_lsn
    if known is not None and position < known and queried_at <= state.seen_at:
        return state
    if position == known:
        return replace(state, seen_at=max(queried_at, state.seen_at))
    return replace(state, replay_lsn=position, seen_at=queried_at)
