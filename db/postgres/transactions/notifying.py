"""Notifies listeners of commits, after the commit and without delaying it.

Not in the transaction itself: PostgreSQL commits notifying transactions one after the
other, each with its wait for the replicas. Several notifications within a moment are
sent as one. None is certain to be sent, and a process that dies between a commit and
its notification sends nothing: listeners must not rely on it for longer than they can
afford.
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
# It carries nothing that could be lost: the change is committed already.
_TELL: Final = "BEGIN; SET LOCAL synchronous_commit TO off; {notices}; COMMIT"
_log = logging.getLogger(__name__)


class Notifier:
    """Notifies channels on the primary in a thread that the first notification starts.

    While nobody leads it keeps trying: listeners have lost their connection then, and
    know that they know nothing.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._changed = Condition()
        self._due: set[str] = set()
        self._thread: Thread | None = None
        self._is_closing = False

    def tell(self, channel: str) -> None:
        """Notify the channel, a plain identifier, soon; return at once."""
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
        """Send the notifications still due, unless nobody leads, and stop."""
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
        """Return the channels that are due; none once the notifier is closing."""
        with self._changed:
            self._changed.wait_for(lambda: self._due or self._is_closing)
            channels, self._due = self._due, set()
            return channels

    def _try_again(self, channels: set[str]) -> None:
        with self._changed:
            if self._is_closing:
                _log.warning("Listeners were not notified of a change.")
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
    """Make this notifier announce what is written in the session."""
    session.info[_NOTIFIER] = notifier


def notifier_of(session: Session) -> Notifier | None:
    """Return the notifier of the session; None in a session that reads."""
    return session.info.get(_NOTIFIER)
