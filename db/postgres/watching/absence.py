"""Since when nobody leads, and whether that is longer than a change of leaders."""

from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Final

# So soon after a primary is back, what could not be written meanwhile has been.
_CAUGHT_UP_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Absence:
    """There is no primary.

    `is_lasting` says that it is no mere change of leaders any more: what can be read
    is read without one.
    """

    since: datetime
    seconds: float
    is_lasting: bool


@dataclass(frozen=True, slots=True)
class _Beginning:
    at: datetime
    timestamp: float


class Leadership:
    """Takes in whether somebody leads, and says since when nobody does.

    A server that starts without a primary counts from its own start.
    """

    def __init__(self, lasting_seconds: float) -> None:
        self._lasting_seconds = lasting_seconds
        self._began: _Beginning | None = None
        # From the first of several absences that follow each other closely.
        self._gap_began = self._gap_ended = float("-inf")

    def note(self, *, is_led: bool) -> None:
        """Take in what was seen just now."""
        if not is_led and self._began is None:
            began = _Beginning(datetime.now(UTC), monotonic())
            if not self._is_catching_up():
                self._gap_began = began.timestamp
            self._began = began
        elif is_led and self._began is not None:
            self._gap_ended = monotonic()
            self._began = None

    def absence(self) -> Absence | None:
        """Return since when nobody leads; None while somebody does."""
        # Read once: another thread may find a primary meanwhile.
        began = self._began
        if began is None:
            return None
        seconds = monotonic() - began.timestamp
        return Absence(began.at, seconds, seconds >= self._lasting_seconds)

    def gap_seconds(self) -> float:
        """Return for how long nothing could be written down lately, 0 mostly.

        During an absence and for a minute after it: what is judged by what was written
        down last, such as whether somebody is still there, is judged by that much less.
        """
        if self._began is not None:
            return monotonic() - self._gap_began
        return self._gap_ended - self._gap_began if self._is_catching_up() else 0.0

    def _is_catching_up(self) -> bool:
        return monotonic() - self._gap_ended < _CAUGHT_UP_SECONDS
