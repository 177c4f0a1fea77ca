"""What of people a group's conditions name, and whether all of a group have it.

Whoever came at 90 or older, and whoever came with gout at 90 or older: each is a number
that may be told. If both are the same patients all of them have gout, and whoever is
known to have come at that age has it. So the same patients are not told under
conditions that name nothing, or less, and under those that name something more; nor is
a group that names something a sum and difference of such as name less.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from typing import Final

# What conditions name, as digests of these; empty where they say no more than when
# something was, of which sex and age somebody is, and that they came.
Naming = frozenset[str]
NOTHING: Final[Naming] = frozenset()
_DIGITS: Final = 16


def naming_of(*said: object) -> Naming:
    """Return the naming of one condition, which is equal for what says the same."""
    canonical = json.dumps(said, sort_keys=True, default=str)
    return frozenset({hashlib.sha256(canonical.encode()).hexdigest()[:_DIGITS]})


def is_nested(naming: Naming, others: Iterable[Naming]) -> bool:
    """Return whether a naming and one of others name the same, and one of them more."""
    return any(naming < other or other < naming for other in others)


def nested_groups(
    new: Sequence[Collection[Naming]], disclosed: Sequence[Collection[Naming]]
) -> Sequence[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Return which groups name something, and beside them those that name less of it.

    Their places are those of the new ones, then of the told ones. Only what a new one
    decides is here: new ones themselves, and told ones of which a new one names less.
    """
    rows = [*new, *disclosed]
    nested = []
    for naming in {each for row in rows for each in row} - {NOTHING}:
        less = tuple(
            place
            for place, row in enumerate(rows)
            if any(each < naming for each in row)
        )
        is_new = any(place < len(new) for place in less)
        groups = tuple(
            place
            for place, row in enumerate(rows)
            if naming in row and (is_new or place < len(new))
        )
        if groups:
            nested.append((groups, less))
    return nested
