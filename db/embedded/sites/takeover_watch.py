"""Watches whether another site was promoted while this one could not be reached.

A site that was cut off, or suspended, comes back and goes on as if nothing had
happened: what people save there nobody sees at the other one. So it ends as soon as it
hears of the promotion.
"""

import logging
from collections.abc import Callable
from threading import Event, Thread
from typing import Final

from db.embedded.data_folder import CannotStart

_LOOK_SECONDS: Final = 3.0
_log = logging.getLogger(__name__)


class TakeoverWatch:
    """A thread that looks repeatedly; `look` raises CannotStart after a promotion."""

    def __init__(
        self, look: Callable[[], object], *, every_seconds: float = _LOOK_SECONDS
    ) -> None:
        self._look = look
        self._every_seconds = every_seconds
        self._stopping = Event()
        self._refusal: CannotStart | None = None
        self._thread = Thread(target=self._run, name="sites", daemon=True)

    def start(self) -> None:
        """Start looking."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking; a look that is under way ends by itself."""
        self._stopping.set()

    def require_main(self) -> None:
        """Raise CannotStart once it is known that another site is the clinic now."""
        if self._refusal is not None:
            raise self._refusal

    def _run(self) -> None:
        while self._refusal is None and not self._stopping.wait(self._every_seconds):
            try:
                self._look()
            except CannotStart as taken_over:
                self._refusal = taken_over
            except Exception as error:
                # Whatever the error, looking goes on.
                _log.warning("Sites could not be checked: %s", type(error).__name__)
