"""Timespans in a query string."""

from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from services.core.errors import InvalidInput

MOST_DAYS: Final = 62
_USUAL_DAYS: Final = 7


def timespan(
    first: str | None, last: str | None, *, now: datetime
) -> tuple[datetime, datetime]:
    """Return the beginning and end of a timespan, by default a week from today.

    Days and times without an offset are by the clinic's clock, as `now` is; an end
    given as a day includes that day. Raises InvalidInput.
    """
    zone = now.tzinfo
    assert zone is not None  # noqa: S101 (the clinic's clock has one)
    begin = _timestamp("from", first, zone) if first else _midnight(now.date(), zone)
    if last:
        end = _timestamp("to", last, zone, is_end=True)
    else:
        day = begin.astimezone(zone).date()
        end = _midnight(_later("to", day, _USUAL_DAYS), zone)
    if end <= begin:
        raise InvalidInput("to", "to must be after from.")
    if end - begin > timedelta(days=MOST_DAYS, hours=1):
        raise InvalidInput("to", f"The range must not exceed {MOST_DAYS} days.")
    return begin, end


def read_time(
    name: str, typed: str, *, now: datetime, is_end: bool = False
) -> datetime:
    """Return a time, or the beginning or end of a day, by the clinic's clock as `now`.

    Raises InvalidInput.
    """
    zone = now.tzinfo
    assert zone is not None  # noqa: S101 (the clinic's clock has one)
    return _timestamp(name, typed, zone, is_end=is_end)


def chosen_day(day: date | None, *, now: datetime) -> date:
    """Return the day that was asked for, by default today.

    Raises InvalidInput for the last one of the calendar: it has no end.
    """
    chosen = day or now.date()
    _later("day", chosen, 1)
    return chosen


def _timestamp(
    name: str, typed: str, zone: tzinfo, *, is_end: bool = False
) -> datetime:
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        return _time(name, typed, zone)
    return _midnight(_later(name, day, 1) if is_end else day, zone)


def _time(name: str, typed: str, zone: tzinfo) -> datetime:
    try:
        timestamp = datetime.fromisoformat(typed)
        # Near the ends of the calendar, converting to the zone may overflow.
        return (
            timestamp.astimezone(zone)
            if timestamp.tzinfo
            else timestamp.replace(tzinfo=zone)
        )
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            name,
            f"{name} must be a date or time, such as 2026-11-23 or "
            "2026-11-23T10:00:00Z.",
        ) from error


def _later(name: str, day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError as error:
        raise InvalidInput(name, f"{name} is out of range.") from error


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, zone)
