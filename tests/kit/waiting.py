"""How tests wait for what comes about by itself, and never without end."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(
    look: Callable[[], T],
    is_right: Callable[[T], object] = bool,
    *,
    seconds: float = 30.0,
    pause_seconds: float = 0.05,
) -> T:
    """Return what is seen as soon as it is right; fail when it is not in time.

    What is true is right, unless `is_right` knows better.
    """
    deadline = time.monotonic() + seconds
    while not is_right(seen := look()):
        assert time.monotonic() < deadline, f"Still {seen!r} after {seconds:g} s"
        time.sleep(pause_seconds)
    return seen
