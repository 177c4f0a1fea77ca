"""How a quantity is distributed over patients, without any patient's own value in it.

A mean is disclosed for at least k patients who are not all alike. A percentile is the
mean of the k patients nearest to its rank, never one patient's own value, and only if k
patients lie on either side of it: the median of 2k patients, quartiles of 4k, the 90th
percentile of 10k.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_DECIMALS: Final = 1

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Distribution:
    """The mean and percentiles of a quantity, rounded; None is one that is hidden."""

    mean: float | None = None
    p25: float | None = None
    median: float | None = None
    p75: float | None = None
    p90: float | None = None


def is_diverse(values: Values, k: int) -> bool:
    """Return whether at least k values differ from the most frequent one.

    Otherwise the mean would reveal the value of all but few of the patients.
    """
    if len(values) < k:
        return False
    _, counts = np.unique(np.round(values, _DECIMALS), return_counts=True)
    return len(values) - int(counts.max()) >= k


def distribution_of(values: Values, k: int) -> Distribution:
    """Return what may be disclosed of patients' values; nothing for fewer than k."""
    if not is_diverse(values, k):
        return Distribution()
    ordered = np.sort(values)
    return Distribution(
        round(float(ordered.mean()), _DECIMALS),
        *(_percentile(ordered, share, k) for share in (0.25, 0.5, 0.75, 0.9)),
    )


def _percentile(ordered: Values, share: float, k: int) -> float | None:
    # Rounded, since fractions are binary: a tenth of 50 patients are five of them.
    if round(min(share, 1 - share) * len(ordered), 6) < k:
        return None
    rank = share * (len(ordered) - 1)
    first = int(np.floor(rank - (k - 1) / 2 + 0.5))
    return round(float(ordered[first : first + k].mean()), _DECIMALS)
