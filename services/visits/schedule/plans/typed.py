"""Stretches of a day as people type them: 08:00-12:00, 12:40-16:00."""

import re
from collections.abc import Iterable
from datetime import time
from typing import Final

from services.visits.schedule.plans.errors import InvalidWeek
from services.visits.schedule.plans.records import Hours, HoursKind

_STRETCH: Final = re.compile(
    r"(\d{1,2})(?:[:.](\d{2}))?\s*(?:-|–|to)\s*(\d{1,2})(?:[:.](\d{2}))?"
)
_SEPARATORS: Final = re.compile(r"[,;]|\band\b")


def read_hours(weekday: int, typed: str, kind: HoursKind = "work") -> list[Hours]:
    """Return the stretches of a weekday, or raise InvalidWeek."""
    parts = (part.strip() for part in _SEPARATORS.split(typed))
    return [_stretch(weekday, part, kind) for part in parts if part]


def write_hours(hours: Iterable[Hours], weekday: int, kind: HoursKind = "work") -> str:
    """Return a weekday's stretches as they are typed."""
    return ", ".join(
        f"{stretch.starts_at:%H:%M}-{stretch.ends_at:%H:%M}"
        for stretch in sorted(hours)
        if (stretch.weekday, stretch.kind) == (weekday, kind)
    )


def _stretch(weekday: int, part: str, kind: HoursKind) -> Hours:
    match = _STRETCH.fullmatch(part)
    hours, minutes, until_hours, until_minutes = (
        map(_number, match.groups()) if match else (99,) * 4
    )
    try:
        begins, ends = time(hours, minutes), time(until_hours, until_minutes)
    except ValueError as error:
        raise InvalidWeek(
            f"“{part}” is not a stretch of time; write it like 08:00-12:00."
        ) from error
    return Hours(weekday, begins, ends, kind)


def _number(digits: str | None) -> int:
    return int(digits or 0)
