"""How tests tell of changes, and wait until those that really happened are heard of."""

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
    """Hears of what a test says, at the place in the log that the test says."""

    def __init__(self) -> None:
        self.mark: ChangeMark | None = ChangeMark(1, Lsn(0), _TIMELINE)

    def change_mark(self) -> ChangeMark | None:
        return self.mark

    def receive(self, lsn: Lsn) -> None:
        """Hear of a change that lies before this place."""
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
    """Return the mark of what was heard of since, if anything was."""
    mark = listener.change_mark()
    return mark if mark and mark.count > before.count else None


def await_change(listener: Listener, action: Callable[[], T]) -> tuple[T, ChangeMark]:
    """Do something, and wait until the listener has heard of it."""
    before = eventually(listener.change_mark)
    done = action()
    return done, eventually(lambda: newer_mark(listener, before))


def mark_after_all(listener: Listener, database: Database) -> ChangeMark:
    """Return the mark once all that is due in this process was told and heard of."""
    eventually(listener.change_mark)
    with listening(database.endpoints, _BARRIER) as barrier:
        # Told in turn: what was due before is told by then.
        await_change(barrier, lambda: database._writes.notifier.tell(_BARRIER))
    # And heard of before the server's next answer.
    now = time.monotonic()
    eventually(lambda: listener.connection._answered_at > now)
    return eventually(listener.change_mark)
