"""Formulas against published examples."""

from math import inf

import pytest

from services.analytics.cohorts.statistics import standardized_difference, wilson


@pytest.mark.parametrize(
    ("number", "of", "low", "high"),
    [
        # Newcombe 1998, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
    ],
)
def test_wilsons_interval(number, of, low, high):
    interval = wilson(number, of)

    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("share", "reference", "difference"),
    [
        (0.5, 0.5, 0.0),
        # 0.1 / sqrt((0.24 + 0.25) / 2)
        (0.6, 0.5, 0.202031),
        (0.5, 0.6, -0.202031),
        # 0.1 / sqrt((0.09 + 0.16) / 2)
        (0.1, 0.2, -0.282843),
        (1.0, 1.0, 0.0),
        (1.0, 0.0, inf),
    ],
)
def test_a_standardized_difference(share, reference, difference):
    computed = standardized_difference(share, reference)

    assert computed == pytest.approx(difference, abs=1e-6)
