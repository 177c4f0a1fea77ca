"""Tells listeners of what was committed, after it was and without keeping it waiting.

Not in the transaction itself: PostgreSQL commits those that tell something one after
the other, each with the wait for its replicas. What is told often within a moment is
told once. Nothing is told twice for certain, and a process that dies between a commit
and this tells nothing: listeners must not rely on it for longer than they can afford.
"""

import logging
import time
from collections.abc import Callable
from threading import Condition, Thread
from typing import Final

import psycopg2
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from db.postgres.connections.failures import DatabaseUnavailable, NoServer
from db.postgres.connections.pools import ask

_NOTIFIER: Final = "chartroom.notifier"
_APART_SECONDS: Final = 0.05
_PAUSE_SECONDS: Final = 0.5
_CLOSING_SECONDS: Final = 5.0
# It carries nothing that could be lost: what it tells of is committed already.
_TELL: Final = "BEGIN; SET LOCAL synchronous_commit TO off; {notices}; COMMIT"
_log = logging.getLogger(__name__)


class Notifier:
    """Tells channels on the primary in a thread of its own, which the first one starts.

    While nobody leads it tries on: those who listen have lost their connection then,
    and know that they know nothing.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._changed = Condition()
        self._due: set[str] = set()
        self._thread: Thread | None = None
        self._is_closing = False

    def tell(self, channel: str) -> None:
        """Tell the channel, a plain word, soon; returns at once."""
        if not channel.isidentifier():
            raise ValueError("A channel is a plain word.")
        with self._changed:
            if self._is_closing:
                return
            self._due.add(channel)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="notifier", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Tell what is still due, unless nobody leads, and stop."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(_CLOSING_SECONDS)

    def _run(self) -> None:
        while channels := self._wait():
            try:
                self._tell(channels)
                time.sleep(_APART_SECONDS)
            except (psycopg2.Error, SQLAlchemyError, DatabaseUnavailable, NoServer):
                self._try_again(channels)

    def _wait(self) -> set[str]:
        """Return the channels that are due; none once it is closing."""
        with self._changed:
            self._changed.wait_for(lambda: self._due or self._is_closing)
            channels, self._due = self._due, set()
            return channels

    def _try_again(self, channels: set[str]) -> None:
        with self._changed:
            if self._is_closing:
                _log.warning("Listeners were not told of a change.")
                return
            self._due |= channels
            self._changed.wait_for(lambda: self._is_closing, _PAUSE_SECONDS)

    def _tell(self, channels: set[str]) -> None:
        notices = "; ".join(f'NOTIFY "{channel}"' for channel in sorted(channels))
        with self._connect() as connection:
            try:
                ask(connection, _TELL.format(notices=notices))
            except psycopg2.Error:
                connection.invalidate()
                raise


def carry(session: Session, notifier: Notifier) -> None:
    """Let this notifier tell of what is written in the session."""
    session.info[_NOTIFIER] = notifier


def notifier_of(session: Session) -> Notifier | None:
    """Return who tells of what is written in the session; None in one that reads."""
    return session.info.get(_NOTIFIER)
