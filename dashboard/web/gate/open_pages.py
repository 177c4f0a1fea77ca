"""How many pages a sign-in and a network may have open at one web server.

Each open page takes memory and one or two websockets of the server, even one that a
program opened and forgot.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.core.sentences import Sentence

# The websocket of Streamlit's pages; each page has one while it is open.
PAGE_PATH: Final = "/_stcore/stream"
# A page that is reloaded opens its next websocket before it closes the last.
_IN_BETWEEN: Final = 4


@dataclass(frozen=True, slots=True)
class PageLimits:
    """How many pages may be open at once."""

    per_sign_in: int = 40
    per_network: int = 2000


class OpenPages:
    """Counts websockets by sign-in and by network; belongs to one event loop.

    A page has one of ours beside Streamlit's, so each path is counted separately.
    """

    def __init__(self, limits: PageLimits) -> None:
        self._limits = limits
        # A sign-in by its id, a network by its address.
        self._open: Counter[tuple[UUID | str, str]] = Counter()

    def is_full(self, session_id: UUID) -> bool:
        """Return whether the sign-in has as many pages open as it may."""
        return self._open[session_id, PAGE_PATH] >= self._limits.per_sign_in

    def sentence(self) -> str:
        """Return the sentence that says what to do when it is full."""
        return Sentence(
            "You have {most} pages of Chartroom open, as many as one sign-in may have. "
            "Close some of them, then open this one again.",
            most=self._limits.per_sign_in,
        )

    def may_open(self, session_id: UUID, network: str, path: str) -> bool:
        """Return whether one more websocket may be opened."""
        of_sign_in = self._open[session_id, path]
        of_network = self._open[network, path]
        most = self._limits.per_sign_in + _IN_BETWEEN
        return of_sign_in < most and of_network < self._limits.per_network

    @contextmanager
    def opened(self, session_id: UUID, network: str, path: str) -> Iterator[None]:
        """Count a websocket for as long as it is open."""
        keys = ((session_id, path), (network, path))
        self._open.update(keys)
        try:
            yield
        finally:
            self._open.subtract(keys)
            for key in keys:
                if not self._open[key]:
                    del self._open[key]
