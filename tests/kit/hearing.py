"""How tests tell of changes, and wait until those that really happened are heard."""

import time
from collections.abc import Callable
from contextlib import closing
from typing import TypeVar

from db.postgres import Database, Lsn
from db.postgres.listening import ChangeMark, Listener
from tests.kit.waiting import eventually

T = TypeVar("T")
_TIMELINE = "00000001"


class Hearing:
    """Hears what a test tells, at the place in the log that the test says."""

    def __init__(self) -> None:
        self.mark: ChangeMark | None = ChangeMark(1, Lsn(0), _TIMELINE)

    def change_mark(self) -> ChangeMark | None:
        return self.mark

    def tell(self, lsn: Lsn) -> None:
        """Tell of a change that lies before this place."""
        count = self.mark.count if self.mark else 0
        self.mark = ChangeMark(count + 1, lsn, _TIMELINE)

    def close(self) -> None:
        self.mark = None


def newer(listener: Listener, before: ChangeMark) -> ChangeMark | None:
    """Return what was heard since, if anything was."""
    mark = listener.change_mark()
    return mark if mark and mark.count > before.count else None


def heard(listener: Listener, action: Callable[[], T]) -> tuple[T, ChangeMark]:
    """Do something, and wait until it is heard of."""
    before = eventually(listener.change_mark)
    done = action()
    return done, eventually(lambda: newer(listener, before))


def mark_after_all(listener: Listener, database: Database) -> ChangeMark:
    """Return the mark once all that is due in this process was told and heard."""
    eventually(listener.change_mark)
    with closing(Listener(database.endpoints, "everything_told")) as barrier:
        # Told in turn: what was due before is told by then.
        heard(barrier, lambda: database._writes.notifier.tell("everything_told"))
    # And heard before the server's next answer.
    now = time.monotonic()
    eventually(lambda: listener._answered_at > now)
    return eventually(listener.change_mark)
