"""Asks all servers at once, and never waits for a silent one."""

import select
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

import psycopg2
from psycopg2.extensions import (
    POLL_OK,
    POLL_READ,
    connection as DriverConnection,  # noqa: N812 - a class
    cursor as DriverCursor,  # noqa: N812 - a class
    make_dsn,
)

from db.cluster.observing.answers import QUESTION, ServerAnswer, read
from db.postgres.connections.server_addresses import Address

# Prepared once for each connection: planning takes longer than answering.
_PREPARE: Final = f"PREPARE look AS {QUESTION}; EXECUTE look"
_ASK_AGAIN: Final = "EXECUTE look"
_PLAIN_WORDS: Final = ("starting up", "shutting down", "too many clients")


class Asker:
    """One server with a connection of its own, on which nothing here blocks.

    The connection is asynchronous: libpq's blocking calls wait without limit for a
    server that hangs. `failure` says what a server that does not answer is doing, as
    far as it reveals that.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self.answer: ServerAnswer | None = None
        self.failure: str | None = None
        self._connection: DriverConnection | None = None
        self._cursor: DriverCursor | None = None
        self._queried_at = 0.0
        self._sent_by_clock = 0.0

    def begin(self) -> bool:
        """Ask, or connect first; return whether there is something to wait for."""
        self.answer = self.failure = None
        try:
            if self._connection is None:
                self._knock()
            else:
                self._ask(_ASK_AGAIN)
        except psycopg2.Error as error:
            self._fail(error)
            return False
        return True

    def wants(self) -> tuple[int, int] | None:
        """Go on as far as possible; return what to wait for, None if it is over."""
        try:
            return self._go_on()
        except psycopg2.Error as error:
            self._fail(error)
            return None

    def give_up(self) -> None:
        """Stop waiting for an answer in this round."""
        self.close()

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            with suppress(psycopg2.Error):
                self._connection.close()
        self._connection = self._cursor = None

    def _go_on(self) -> tuple[int, int] | None:
        connection = self._connection
        if connection is None:
            return None
        while (wanted := connection.poll()) == POLL_OK:
            if self._cursor is not None:
                self._take_in(self._cursor)
                return None
            self._ask(_PREPARE)
        return connection.fileno(), _event_of(wanted)

    def _knock(self) -> None:
        parameters = {**self.address.parameters, "application_name": "chartroom look"}
        self._connection = psycopg2.connect(make_dsn(**parameters), async_=True)
        self._cursor = None

    def _ask(self, question: str) -> None:
        if self._connection is not None:
            self._queried_at, self._sent_by_clock = time.monotonic(), time.time()
            self._cursor = self._connection.cursor()
            self._cursor.execute(question)

    def _take_in(self, cursor: DriverCursor) -> None:
        row = cursor.fetchone()
        if row is not None:
            self.answer = read(
                row,
                self._queried_at,
                answered_at=time.monotonic(),
                skew_at=(self._sent_by_clock + time.time()) / 2,
            )

    def _fail(self, error: psycopg2.Error) -> None:
        # Only these phrases are passed on: a message may name people and passwords.
        self.failure = next((w for w in _PLAIN_WORDS if w in str(error)), None)
        self.close()


def ask(askers: Iterable[Asker], seconds: float) -> Mapping[str, ServerAnswer]:
    """Return each server's answer by name, if it comes within these seconds."""
    everybody = list(askers)
    deadline = time.monotonic() + seconds
    waiting = [asker for asker in everybody if asker.begin()]
    while waiting:
        wanted = [(asker, asker.wants()) for asker in waiting]
        pending = [(asker, want) for asker, want in wanted if want is not None]
        waiting = [asker for asker, _ in pending]
        left = deadline - time.monotonic()
        if waiting and (left <= 0 or not _wait([w for _, w in pending], left)):
            for asker in waiting:
                asker.give_up()
            break
    return {
        asker.address.name: asker.answer
        for asker in everybody
        if asker.answer is not None
    }


def _wait(wanted: Iterable[tuple[int, int]], seconds: float) -> bool:
    poller = select.poll()
    for descriptor, event in wanted:
        poller.register(descriptor, event)
    return bool(poller.poll(max(1.0, seconds * 1000)))


def _event_of(wanted: int) -> int:
    return select.POLLIN if wanted == POLL_READ else select.POLLOUT
