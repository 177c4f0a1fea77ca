"""Undoes temporary changes in time, even if whoever made them has forgotten or died."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Condition, Thread
from typing import Final

_log = logging.getLogger(__name__)

_AGAIN_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class _Deadline:
    due_at: float
    announced_at: datetime
    undo: Callable[[], None]


class Deadlines:
    """Undoes what is due, in a thread that the first entry starts.

    The thread ends with the process.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._pending: dict[str, _Deadline] = {}
        self._is_closing = False
        self._thread: Thread | None = None

    def put(self, what: str, seconds: float, undo: Callable[[], None]) -> datetime:
        """Schedule an undo after this many seconds, and return its time.

        Scheduling the same thing again replaces its time.
        """
        at = datetime.now(UTC) + timedelta(seconds=seconds)
        with self._changed:
            due_at = time.monotonic() + seconds
            self._pending[what] = _Deadline(due_at, at, undo)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()
            self._changed.notify()
        return at

    def at(self, what: str) -> datetime | None:
        """Return when a thing will be undone; None if it is not pending."""
        with self._changed:
            pending = self._pending.get(what)
        return pending.announced_at if pending else None

    def undo(self, what: str) -> None:
        """Undo a thing now, if it is pending; raises what undoing raises.

        It is then tried again until it is undone, as if its time had come.
        """
        with self._changed:
            pending = self._pending.pop(what, None)
        if pending is not None:
            try:
                pending.undo()
            except Exception:
                self._try_again(what, pending)
                raise

    def close(self) -> None:
        """Stop; nothing is undone from then on."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while (due := self._wait()) is not None:
            what, deadline = due
            try:
                deadline.undo()
            except Exception:
                _log.exception("Undoing %r failed; trying again.", what)
                self._try_again(what, deadline)

    def _try_again(self, what: str, deadline: _Deadline) -> None:
        """Undo a thing later, unless it is pending for another reason by now."""
        later = time.monotonic() + _AGAIN_SECONDS
        again = _Deadline(later, deadline.announced_at, deadline.undo)
        with self._changed:
            self._pending.setdefault(what, again)
            self._changed.notify()

    def _wait(self) -> tuple[str, _Deadline] | None:
        """Return what is due, once something is; None when closing."""
        with self._changed:
            while not self._is_closing:
                soonest = min(
                    self._pending.items(), key=lambda item: item[1].due_at, default=None
                )
                left = soonest[1].due_at - time.monotonic() if soonest else None
                if soonest is not None and left is not None and left <= 0:
                    del self._pending[soonest[0]]
                    return soonest
                self._changed.wait(left)
        return None
