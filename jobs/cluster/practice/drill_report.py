"""Reports a drill: in words to people, as lines of JSON to programs."""

import json
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any


class DrillTimeline:
    """Reports each step with the seconds since the beginning, and keeps the steps.

    `say` is called with one line at a time.
    """

    def __init__(self, say: Callable[[str], None], *, as_json: bool) -> None:
        self._say = say
        self._as_json = as_json
        self._began_at = monotonic()
        self.steps: list[dict[str, Any]] = []

    def tell(self, sentence: str) -> None:
        """Report the next step."""
        seconds = round(monotonic() - self._began_at, 1)
        step = {"seconds": seconds, "sentence": sentence}
        self.steps.append(step)
        if self._as_json:
            self._say(json.dumps(step))
        else:
            self._say(f"{seconds:6.1f} s  {sentence}")

    def end(self, sentence: str, result: Mapping[str, Any]) -> None:
        """Report how the drill ended: the figures to people, everything to programs."""
        seconds = round(monotonic() - self._began_at, 1)
        if self._as_json:
            whole = dict(result) | {"sentence": sentence}
            line = {"seconds": seconds, "sentence": sentence, "result": whole}
            self._say(json.dumps(line))
            return
        self._say(f"{seconds:6.1f} s  {sentence}")
        for name, value in result.items():
            if isinstance(value, float | int | str) and value != "":
                self._say(f"          {name.replace('_', ' ')}: {value}")
