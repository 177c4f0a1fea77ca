"""Looks at something again and again until it is so, ever more seldom."""

import time
from collections.abc import Callable
from typing import Final

_FIRST_PAUSE_SECONDS: Final = 0.03
# A look may cost each server a question: a wait of seconds need not ask 20 times a
# second, and ends an eighth later than it could at most.
_PART_OF_WAIT: Final = 1 / 8


def look_until(
    condition: Callable[[], bool], *, seconds: float, longest_pause_seconds: float
) -> bool:
    """Look until the condition holds; tell whether it did in so many seconds."""
    started = time.monotonic()
    while not condition():
        waited = time.monotonic() - started
        if waited > seconds:
            return False
        pause = max(_FIRST_PAUSE_SECONDS, waited * _PART_OF_WAIT)
        time.sleep(min(pause, longest_pause_seconds))
    return True
