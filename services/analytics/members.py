"""Groups of patients or of events: a hash of each, once and sorted."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Members = NDArray[np.int64]


def hashes_of(kept: bytes | memoryview) -> Members:
    """Return the hashes in bytes that PostgreSQL's int8send made, in their order."""
    return np.frombuffer(kept, dtype=">i8").astype(np.int64)


def bytes_of(hashes: Members) -> bytes:
    """Return the bytes of which `hashes_of` makes the same hashes."""
    return hashes.astype(">i8").tobytes()


def members_of(kept: bytes | memoryview) -> Members:
    """Return the hashes in bytes that have each hash once, sorted."""
    return np.sort(hashes_of(kept))


def distinct(hashes: Members) -> Members:
    """Return each hash once, sorted.

    np.unique does the same, but since NumPy 2.3 by means of a hash table, which takes
    twenty times as long as sorting for a hundred thousand hashes.
    """
    ordered = np.sort(hashes)
    is_first = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    return ordered[is_first]


def union_of(groups: Sequence[Members]) -> Members:
    """Return the members of any of the groups."""
    return distinct(np.concatenate([np.empty(0, dtype=np.int64), *groups]))
