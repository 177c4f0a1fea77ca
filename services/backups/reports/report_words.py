"""How a report on backups writes times, spans and sizes, in its language."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from services.core.sentences import Sentence
from services.documents.forms import Wording

_KILO: Final = 1000
_UNITS: Final = ("kB", "MB", "GB", "TB")
_MINUTE: Final = 60.0
_HOUR: Final = 60 * _MINUTE
_FEW: Final = 10


@dataclass(frozen=True, slots=True)
class ReportWords:
    """The texts of a paper in `wording`, with times in a zone.

    `explain` returns a failure, which is kept in English, in the language of the paper.
    """

    wording: Wording
    zone: tzinfo | None
    explain: Callable[[str], str]

    def __call__(self, message: str) -> str:
        """Return a sentence with its values filled in."""
        return self.wording.say(message)

    def time(self, timestamp: datetime) -> str:
        """Return a time to the second."""
        local = timestamp.astimezone(self.zone)
        day = self.wording.day(local.date())
        return self(Sentence("{day}, {time}", day=day, time=f"{local:%H:%M:%S}"))

    def count(self, number: int) -> str:
        """Return a number, written out."""
        return self.wording.number(number, 0)

    def span(self, seconds: float) -> str:
        """Return how long something took."""
        if seconds >= _HOUR:
            return f"{self.wording.number(seconds / _HOUR, 1)} h"
        if seconds >= _MINUTE:
            return f"{self.wording.number(seconds / _MINUTE, 1)} min"
        return f"{self.wording.number(seconds, 1 if seconds < _FEW else 0)} s"

    def size(self, count: float) -> str:
        """Return a number of bytes in decimal units: 1.2 MB is 1,200,000 bytes."""
        value, unit = float(count), "B"
        for larger in _UNITS:
            if value < _KILO:
                break
            value, unit = value / _KILO, larger
        return f"{self.wording.number(value, 0 if unit == 'B' else 1)} {unit}"

    def speed(self, megabytes_per_second: float) -> str:
        """Return how fast something was."""
        places = 1 if megabytes_per_second < _FEW else 0
        return f"{self.wording.number(megabytes_per_second, places)} MB/s"
