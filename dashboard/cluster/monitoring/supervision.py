"""Whether somebody can prove a server dead, asked beside the pages.

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
    """The last answer of the launcher, renewed by a thread when somebody asks."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._is_known = Event()
        self._is_asking = False
        self._value = False
        self._until = 0.0

    def value(self) -> bool:
        """Return what was answered last; only the first call waits a moment."""
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
    """Tell whether somebody can prove a server dead; None where nobody ever could."""
    is_embedded = wiring.current().endpoints.control_url is not None
    return _supervision.value() if is_embedded else None
