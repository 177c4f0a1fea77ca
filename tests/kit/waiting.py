"""How tests wait for what comes about by itself, and never without end."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def eventually(
    look: Callable[[], T],
    is_right: Callable[[T], object] = bool,
    *,
    seconds: float = 60.0,
    pause_seconds: float = 0.05,
) -> T:
    """Return what is seen as soon as it is right; fail if it never is.

    What is true is right, unless `is_right` knows better. The seconds are a guard
    against waiting without end, not a measure: how long things take is a benchmark's.
    """
    deadline = time.monotonic() + seconds
    while not is_right(seen := look()):
        assert time.monotonic() < deadline, f"Still {seen!r} after {seconds:g} s"
        time.sleep(pause_seconds)
    return seen


def in_time(action: Callable[[], T], *, seconds: float = 60.0) -> T:
    """Return or raise what the action does; fail where it still waits after so long.

    A guard against waiting without end, not a measure: whoever means not to wait for
    something lets that take longer than the guard.
    """
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(action())
        except BaseException as error:
            done.set_exception(error)

    # Not a pool's thread: one that hangs would keep the test from failing.
    Thread(target=run, daemon=True).start()
    return done.result(timeout=seconds)
