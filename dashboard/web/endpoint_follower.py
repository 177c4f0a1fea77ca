"""Follows the embedded cluster as its nodes come and go."""

import logging
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Final

from db import embedded
from db.endpoints import Endpoints

_LOOK_SECONDS: Final = 1.0
_log = logging.getLogger(__name__)


class EndpointFollower:
    """A thread that hands over new endpoints when the launcher publishes them.

    `adopt` is called with endpoints that differ from `known` and from the last ones.
    """

    def __init__(
        self, data: Path, known: Endpoints, adopt: Callable[[Endpoints], None]
    ) -> None:
        self._data = data
        self._known = known
        self._adopt = adopt
        self._stopping = Event()
        # No stamp yet, so that what was published while `known` was read is looked at.
        self._stamp: int | None = None

    def start(self) -> None:
        """Start following."""
        Thread(target=self._run, name="following", daemon=True).start()

    def close(self) -> None:
        """Stop following."""
        self._stopping.set()

    def look(self) -> None:
        """Hand over what was published since the last look, if it differs.

        Raises what `adopt` raises; the next look tries again.
        """
        stamp = embedded.published_at(self._data)
        if stamp in {None, self._stamp}:
            return
        published = embedded.running(self._data)
        if published is not None and published != self._known:
            self._adopt(published)
            self._known = published
            _log.info("The servers are now %s.", ", ".join(published.patroni_urls))
        if published is not None:
            self._stamp = stamp

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            try:
                self.look()
            except Exception as error:
                # The next look may succeed; without one nobody would learn of new
                # servers.
                _log.warning("The new servers could not be adopted: %s", type(error))
