"""Ways for tests to announce changes, and to wait until real ones are received."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TypeVar

from db.endpoints import Endpoints
from db.postgres import Database, Lsn
from db.postgres.listening import ChangeMark, Listener, ListenerConnection
from tests.kit.waiting import eventually

T = TypeVar("T")
_BARRIER = "barrier"
_TIMELINE = "00000001"


class FakeChangeListener:
    """Receives the changes that a test announces, at positions of the test's choice."""

    def __init__(self) -> None:
        self.mark: ChangeMark | None = ChangeMark(1, Lsn(0), _TIMELINE)

    def change_mark(self) -> ChangeMark | None:
        return self.mark

    def receive(self, lsn: Lsn) -> None:
        """Receive a change that was written before this position."""
        count = self.mark.count if self.mark else 0
        self.mark = ChangeMark(count + 1, lsn, _TIMELINE)

    def close(self) -> None:
        self.mark = None


@contextmanager
def listening(endpoints: Endpoints, channel: str) -> Iterator[Listener]:
    """Listen to a channel over a connection of its own."""
    with closing(ListenerConnection(endpoints, channel)) as connection:
        yield connection.listener(channel)


def newer_mark(listener: Listener, before: ChangeMark) -> ChangeMark | None:
    """Return the mark if it is newer than this one, else None."""
    mark = listener.change_mark()
    return mark if mark and mark.count > before.count else None


def await_change(listener: Listener, action: Callable[[], T]) -> tuple[T, ChangeMark]:
    """Do something, and wait until the listener has received a change."""
    before = eventually(listener.change_mark)
    done = action()
    return done, eventually(lambda: newer_mark(listener, before))


def mark_after_all(listener: Listener, database: Database) -> ChangeMark:
    """Return the mark once all changes due in this process were sent and received."""
    eventually(listener.change_mark)
    with listening(database.endpoints, _BARRIER) as barrier:
        # The notifier works in order: whatever was due before has been sent by then.
        await_change(barrier, lambda: database._writes.notifier.tell(_BARRIER))
    # And it was received before the server's next answer.
    now = time.monotonic()
    eventually(lambda: listener.connection._answered_at > now)
    return eventually(listener.change_mark)
