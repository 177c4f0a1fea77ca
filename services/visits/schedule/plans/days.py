"""A weekday as the stretches in which a doctor sees patients, and their visits."""

from collections.abc import Iterable, Sequence
from datetime import time
from typing import Final

from services.core.sentences import Sentence
from services.core.weekdays import WEEKDAYS
from services.visits.schedule.plans.errors import InvalidWeek
from services.visits.schedule.plans.records import Hours

# The beginning and the end of a stretch, as far as they are chosen.
Chosen = tuple[time | None, time | None]

_PARTS: Final = (Sentence("morning"), Sentence("afternoon"))
_HOUR: Final = 60


def part_of_day(number: int) -> Sentence:
    """Return the name of a stretch by its place in the day; 0 is the first."""
    if number < len(_PARTS):
        return _PARTS[number]
    return Sentence("stretch {number}", number=number + 1)


def open_stretches(week: Iterable[Hours], weekday: int) -> list[Hours]:
    """Return the worked hours of a weekday, minus the breaks, in order."""
    day = sorted(hours for hours in week if hours.weekday == weekday)
    stretches = [hours for hours in day if hours.kind == "work"]
    for pause in (hours for hours in day if hours.kind == "break"):
        stretches = [
            Hours(weekday, begins, ends)
            for worked in stretches
            for begins, ends in (
                (worked.starts_at, min(worked.ends_at, pause.starts_at)),
                (max(worked.starts_at, pause.ends_at), worked.ends_at),
            )
            if begins < ends
        ]
    return stretches


def read_day(
    week: Iterable[Hours], weekday: int, chosen: Sequence[Chosen]
) -> list[Hours]:
    """Return a weekday's hours as they were chosen, or raise InvalidWeek.

    A day that is open at the same times as in the `week` stays as it is there, breaks
    included.
    """
    name = Sentence(WEEKDAYS[weekday - 1])
    hours = []
    for number, (begins, ends) in enumerate(chosen):
        if begins and ends:
            hours.append(Hours(weekday, begins, ends))
        elif begins or ends:
            raise InvalidWeek(_half_chosen(number, name, has_beginning=bool(begins)))
    if not hours:
        raise InvalidWeek(
            Sentence(
                "{day} has no hours. Choose when they begin and end, or turn on "
                "Closed.",
                day=name,
            )
        )
    written = [stretch for stretch in week if stretch.weekday == weekday]
    is_same = sorted(hours) == open_stretches(written, weekday)
    return written if is_same else hours


def visits_of_day(chosen: Iterable[Chosen], minutes: int) -> list[tuple[time, time]]:
    """Return the beginning and end of each possible visit of `minutes`, in order.

    Stretches that touch count as one, as when slots are made of them. A stretch that is
    not fully chosen, or ends before it begins, has no visits.
    """
    stretches = sorted(
        (_minute(begins), _minute(ends))
        for begins, ends in chosen
        if begins and ends and begins < ends
    )
    merged: list[tuple[int, int]] = []
    for begins, ends in stretches:
        if merged and begins <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(ends, merged[-1][1]))
        else:
            merged.append((begins, ends))
    return [
        (_time(begin), _time(begin + minutes))
        for begins, ends in merged
        for begin in range(begins, ends - minutes + 1, minutes)
    ]


def _half_chosen(number: int, day: Sentence, *, has_beginning: bool) -> Sentence:
    part = part_of_day(number)
    if has_beginning:
        return Sentence(
            "{day}, {part}: the end is missing. Choose it, or clear both times.",
            day=day,
            part=part,
        )
    return Sentence(
        "{day}, {part}: the beginning is missing. Choose it, or clear both times.",
        day=day,
        part=part,
    )


def _minute(clock: time) -> int:
    return clock.hour * _HOUR + clock.minute


def _time(minute: int) -> time:
    return time(*divmod(minute, _HOUR))
