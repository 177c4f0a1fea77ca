"""Formulas for shares: how reliable one is, and how far apart two are."""

from dataclasses import dataclass
from math import copysign, inf, sqrt
from typing import Final

# 95 % of the normal distribution lie between this and its negative.
_Z: Final = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Interval:
    """The ends of a confidence interval."""

    low: float
    high: float


def wilson(number: int, of: int) -> Interval:
    """Return the 95% confidence interval of the share `number / of`, from 0 to 1.

    Wilson's score interval without continuity correction (Wilson, *JASA* 22, 1927;
    method 3 of Newcombe, *Statistics in Medicine* 17, 1998). `of` is at least 1.
    """
    share, square = number / of, _Z * _Z
    middle = share + square / (2 * of)
    half = _Z * sqrt(share * (1 - share) / of + square / (4 * of * of))
    whole = 1 + square / of
    return Interval(
        max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)
    )


def standardized_difference(share: float, reference: float) -> float:
    """Return how far a share lies from another, in standard deviations of both.

    The difference divided by the root of the mean of both variances (Austin, *Balance
    diagnostics*, *Statistics in Medicine* 28, 2009, for dichotomous variables); up to
    0.1 is often considered small. Shares of 0 and 1 do not vary: equal ones differ by
    0, others without bound.
    """
    variance = (share * (1 - share) + reference * (1 - reference)) / 2
    if variance == 0:
        return 0.0 if share == reference else copysign(inf, share - reference)
    return (share - reference) / sqrt(variance)
