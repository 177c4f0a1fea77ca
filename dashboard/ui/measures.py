"""Measures as they are written on screen: seconds, bytes, shares of a whole."""

from datetime import timedelta
from typing import Final

from dashboard.ui.language import decimal, gettext as _, marked

UNKNOWN: Final = marked("not known")
_KILO: Final = 1000
_UNITS: Final = ("kB", "MB", "GB", "TB")
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400
_THREE_FIGURES: Final = 100
_SPANS: Final = ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"), (1, "s"))


def signed(change: float) -> str:
    """Return a change as a whole number with its sign, a true minus: +1,234 or 0."""
    sign = "+" if change > 0 else "\N{MINUS SIGN}" if change < 0 else ""
    return f"{sign}{decimal(abs(change))}"


def seconds(value: float | None) -> str:
    """Return a span as people write it: 0.4 s, 3 min, 2 h 10 min."""
    if value is None:
        return _(UNKNOWN)
    if value < _MINUTE:
        return f"{decimal(value, 1 if value < 10 else 0)} s"  # noqa: PLR2004
    for index, (length, unit) in enumerate(_SPANS):
        if value >= length:
            whole, rest = divmod(value, length)
            smaller = _SPANS[index + 1] if index + 1 < len(_SPANS) else None
            if smaller and rest >= smaller[0]:
                return f"{whole:.0f} {unit} {rest // smaller[0]:.0f} {smaller[1]}"
            return f"{whole:.0f} {unit}"
    return _(UNKNOWN)


def amount_of_time(milliseconds: float) -> str:
    """Return how long something took, from 0.04 ms up to days."""
    if milliseconds < _KILO:
        figures = 2 if milliseconds < 10 else 0  # noqa: PLR2004
        return f"{decimal(milliseconds, figures)} ms"
    return seconds(milliseconds / _KILO)


def lasting(minutes: int) -> str:
    """Return a duration as people say it: 12 min, 1 h 12 min."""
    if minutes < _MINUTE:
        return _("{minutes} min").format(minutes=minutes)
    hours, minutes = divmod(minutes, _MINUTE)
    return _("{hours} h {minutes} min").format(hours=hours, minutes=minutes)


def ago(span: timedelta) -> str:
    """Return how long ago something was."""
    return _("{span} ago").format(span=seconds(max(0.0, span.total_seconds())))


def amount(count: float | None) -> str:
    """Return a number of bytes in decimal units: 1.2 MB is 1,200,000 bytes."""
    if count is None:
        return _(UNKNOWN)
    value, unit = float(count), "B"
    for larger in _UNITS:
        if value < _KILO:
            break
        value, unit = value / _KILO, larger
    is_round = unit == "B" or value >= _THREE_FIGURES
    return f"{decimal(value, 0 if is_round else 1)} {unit}"


def share(part: float, whole: float) -> float:
    """Return a part's share of a whole; 0 if the whole is 0."""
    return part / whole if whole else 0.0
