"""The steps of an operation while it is being carried out."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from threading import Lock
from time import monotonic
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was done or waited for, with the seconds since the beginning."""

    seconds: float
    sentence: str


class Progress:
    """The steps so far, and the progress of the current one; for any thread.

    `share` is the part of it that is done, None if that is not known.
    """

    def __init__(self) -> None:
        self.began_at = monotonic()
        self.share: float | None = None
        self._steps: list[Step] = []
        self._guard = Lock()

    def tell(self, sentence: str) -> None:
        """Note the next step, unless it is the same as the last one."""
        with self._guard:
            if not self._steps or self._steps[-1].sentence != sentence:
                seconds = monotonic() - self.began_at
                self._steps.append(Step(round(seconds, 2), sentence))
                self.share = None

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps, the first one first."""
        with self._guard:
            return tuple(self._steps)

    def as_json(self) -> list[Mapping[str, Any]]:
        """Return the steps as the history keeps them."""
        return [asdict(step) for step in self.steps]
