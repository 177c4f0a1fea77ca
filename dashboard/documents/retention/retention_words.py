"""How long something is kept, in the words that people use for it."""

from typing import Final, Literal

from services.documents.retention import days_of_years

DAYS: Final = "days"
YEARS: Final = "years"
_DAYS_OF_YEAR: Final = 365.25


def split(days: int) -> tuple[int, Literal["days", "years"]]:
    """Return the days as whole years if that is what they are."""
    years = round(days / _DAYS_OF_YEAR)
    return (years, YEARS) if years and days_of_years(years) == days else (days, DAYS)


def lasting(days: int) -> str:
    """Return the time in words: 10 years, 30 days, 1 day."""
    count, unit = split(days)
    return f"{count} {unit}" if count != 1 else f"{count} {unit.removesuffix('s')}"
