"""Checks a condition again and again until it holds, at growing intervals."""

import time
from collections.abc import Callable
from typing import Final

_FIRST_PAUSE_SECONDS: Final = 0.03
# A check may query each server: a wait of seconds need not do so 20 times a second, and
# ends at most an eighth later than it could.
_PART_OF_WAIT: Final = 1 / 8


def look_until(
    condition: Callable[[], bool], *, seconds: float, longest_pause_seconds: float
) -> bool:
    """Check until the condition holds; return whether it did in this many seconds."""
    started = time.monotonic()
    while not condition():
        waited = time.monotonic() - started
        if waited > seconds:
            return False
        pause = max(_FIRST_PAUSE_SECONDS, waited * _PART_OF_WAIT)
        time.sleep(min(pause, longest_pause_seconds))
    return True
