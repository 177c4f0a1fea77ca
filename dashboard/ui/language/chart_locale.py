"""Charts in the language of the page: names of months, and numbers, for Vega."""

from datetime import date, timedelta
from functools import cache
from typing import Any, Final

from babel.dates import format_date

from dashboard.ui.chart_tools.vega_lite import MUTED
from dashboard.ui.language import GERMAN, current_language

# Streamlit's own grey has a contrast of only 3.6 on the light page.
_LEGIBLE: Final[dict[str, Any]] = {"labelColor": MUTED, "titleColor": MUTED}
# A Sunday, with which a week begins in Vega.
_SUNDAY: Final = date(2023, 1, 1)
_MINUTE: Final = 60_000.0
_DAY: Final = 24 * 60 * _MINUTE


def in_language(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the chart with legible axes and tooltips in the language of the page."""
    is_german = current_language() == GERMAN
    # Vega describes these in English only; the chart's own text says what they show.
    usual = _LEGIBLE | {"aria": False} if is_german else _LEGIBLE
    own = spec.get("config", {})
    parts = {part: usual | own.get(part, {}) for part in ("axis", "legend")}
    locale = {"locale": _german()} if is_german else {}
    return {**spec, "config": {**own, **parts, **locale}}


def time_format(milliseconds: float) -> str:
    """Return Vega's format for times on an axis of this length."""
    if milliseconds <= 20 * _MINUTE:
        return "%H:%M:%S"
    if milliseconds <= 26 * 60 * _MINUTE:
        return "%H:%M"
    # Over a year, a day and its month are of two years.
    within_a_year = milliseconds <= 365 * _DAY
    return day_and_month_format() if within_a_year else day_format()


def bytes_on_axis(per: str = "") -> str:
    """Return Vega's expression for bytes on an axis: 2.5 MB, as everywhere else.

    `per` is appended, as in 2.5 MB/s.
    """
    # Vega itself writes 2.5M, and 500m for half a byte.
    size = (
        "datum.value < 1000 ? datum.label + ' B' : "
        "replace(format(datum.value, '~s'), regexp('([a-zA-Z])$'), ' $1') + 'B'"
    )
    return f"datum.value ? ({size}) + '{per}' : '0'"


def day_format() -> str:
    """Return Vega's format for a day: 5 Mar 2026, or 5. Mär 2026."""
    return f"{day_and_month_format()} %Y"


def day_and_month_format() -> str:
    """Return Vega's format for a day without its year: 5 Mar, or 5. Mär."""
    return "%-d. %b" if current_language() == GERMAN else "%-d %b"


@cache
def _german() -> dict[str, Any]:
    return {
        "number": {
            "decimal": ",",
            "thousands": ".",
            "grouping": [3],
            "currency": ["", " €"],
            # A no-break space, as DIN 5008 requires.
            "percent": "\u00a0%",
        },
        "time": {
            "dateTime": "%A, der %e. %B %Y, %X",
            "date": "%d.%m.%Y",
            "time": "%H:%M:%S",
            "periods": ["AM", "PM"],
            "days": _days("EEEE"),
            "shortDays": _days("EEE"),
            "months": _months("LLLL"),
            "shortMonths": _months("LLL"),
        },
    }


def _days(pattern: str) -> list[str]:
    week = (_SUNDAY + timedelta(days=number) for number in range(7))
    return [format_date(day, pattern, locale=GERMAN) for day in week]


def _months(pattern: str) -> list[str]:
    year = (date(2023, number, 1) for number in range(1, 13))
    return [format_date(day, pattern, locale=GERMAN) for day in year]
