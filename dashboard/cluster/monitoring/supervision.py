"""Whether somebody can prove a server dead, asked in the background of the pages.

The launcher asks every server before it answers, which takes seconds while one hangs:
that is just when nobody should wait for a page.
"""

import time
from collections.abc import Callable
from functools import partial
from threading import Event, Lock, Thread
from typing import Final

from dashboard import wiring
from services.cluster.operations.servers import are_supervised

_GOOD_FOR_SECONDS: Final = 10.0
_FIRST_ANSWER_SECONDS: Final = 1.0


class _Supervision:
    """The launcher's last answer, renewed by a thread when the value is read."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._is_known = Event()
        self._is_asking = False
        self._value = False
        self._until = 0.0

    def value(self) -> bool:
        """Return the last answer; only the first call waits briefly."""
        with self._guard:
            if time.monotonic() > self._until and not self._is_asking:
                self._is_asking = True
                ask = partial(are_supervised, wiring.current().endpoints)
                Thread(target=self._ask, args=(ask,), daemon=True).start()
        self._is_known.wait(_FIRST_ANSWER_SECONDS)
        return self._value

    def _ask(self, ask: Callable[[], bool]) -> None:
        is_supervised = False
        try:
            is_supervised = ask()
        finally:
            with self._guard:
                self._value, self._is_asking = is_supervised, False
                self._until = time.monotonic() + _GOOD_FOR_SECONDS
            self._is_known.set()


_supervision: Final = _Supervision()


def is_supervised() -> bool | None:
    """Return whether somebody can prove a server dead; None without a launcher."""
    is_embedded = wiring.current().endpoints.control_url is not None
    return _supervision.value() if is_embedded else None
