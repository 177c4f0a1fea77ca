"""Since when there is no primary, and whether that exceeds a change of leaders."""

from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Final

# By this time after a primary is back, what could not be written meanwhile has been.
_CAUGHT_UP_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Absence:
    """The absence of a primary.

    `is_lasting` says that it lasts longer than a mere change of leaders: pages are then
    read without one.
    """

    since: datetime
    seconds: float
    is_lasting: bool


@dataclass(frozen=True, slots=True)
class _Beginning:
    at: datetime
    timestamp: float


class Leadership:
    """Records whether somebody leads, and returns since when nobody does.

    A process that starts without a primary counts from its own start.
    """

    def __init__(self, lasting_seconds: float) -> None:
        self._lasting_seconds = lasting_seconds
        self._began: _Beginning | None = None
        # From the first of several absences that follow each other closely.
        self._gap_began = self._gap_ended = float("-inf")

    def note(self, *, is_led: bool) -> None:
        """Record what was seen just now."""
        if not is_led and self._began is None:
            began = _Beginning(datetime.now(UTC), monotonic())
            if not self._is_catching_up():
                self._gap_began = began.timestamp
            self._began = began
        elif is_led and self._began is not None:
            self._gap_ended = monotonic()
            self._began = None

    def absence(self) -> Absence | None:
        """Return the absence of a primary; None while somebody leads."""
        # Read once: another thread may find a primary meanwhile.
        began = self._began
        if began is None:
            return None
        seconds = monotonic() - began.timestamp
        return Absence(began.at, seconds, seconds >= self._lasting_seconds)

    def gap_seconds(self) -> float:
        """Return for how long nothing could be written recently; usually 0.

        It covers an absence and the minute after it: a judgement by what was written
        last, such as whether somebody is still there, has to allow for that time.
        """
        if self._began is not None:
            return monotonic() - self._gap_began
        return self._gap_ended - self._gap_began if self._is_catching_up() else 0.0

    def _is_catching_up(self) -> bool:
        return monotonic() - self._gap_ended < _CAUGHT_UP_SECONDS
