"""Likely duplicates: people whom somebody registered twice, with a slip of the pen."""

from typing import Final

import numpy as np

from services.demo.seeding.pools import plain

SHARE: Final = 0.012
_AT_MOST_BEFORE: Final = 300
_TOO_SHORT_TO_SLIP: Final = 4
_MONTHS: Final = 12
_DAYS_OF_EVERY_MONTH: Final = 28


def misspell(rng: np.random.Generator, name: str) -> str:
    """Swap, drop or double a letter inside the name, or drop its accents."""
    without_accents = plain(name).capitalize()
    if without_accents.lower() != name.lower() and name.isalpha():
        return without_accents
    if len(name) < _TOO_SHORT_TO_SLIP:
        return name + name[-1]
    at = int(rng.integers(1, len(name) - 2))
    slips = (
        name[:at] + name[at + 1] + name[at] + name[at + 2 :],
        name[:at] + name[at + 1 :],
        name[:at] + name[at] + name[at:],
    )
    return slips[int(rng.integers(0, len(slips)))]


def mistype(birth: str) -> str:
    """Swap day and month, or the year's last digits, if that gives an earlier day.

    A later one could be in the future, or after the record was made.
    """
    year, month, day = birth.split("-")
    slips = []
    if int(day) <= _MONTHS:
        slips.append(f"{year}-{day}-{month}")
    if int(day) <= _DAYS_OF_EVERY_MONTH:
        slips.append(f"{year[:2]}{year[3]}{year[2]}-{month}-{day}")
    return next((slip for slip in slips if slip < birth), birth)


def pairs(rng: np.random.Generator, count: int) -> list[tuple[int, int]]:
    """Choose who is registered again: (the earlier row, the later row)."""
    again = np.flatnonzero(rng.random(count) < SHARE)
    distances = rng.integers(1, _AT_MOST_BEFORE, len(again))
    return [
        (int(later - distance), int(later))
        for later, distance in zip(again, distances, strict=True)
        if distance <= later
    ]
