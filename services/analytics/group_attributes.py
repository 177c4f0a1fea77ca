"""The attributes that the conditions of a group name, and attribute disclosure.

Take the patients who came at 90 or older, and those who came with gout at 90 or older:
each is a number that may be disclosed. If both are the same patients, all of them have
gout, and whoever is known to have come at that age has it. So the same patients are not
disclosed both under conditions that name nothing, or less, and under conditions that
name something more; nor may a group that names something be a sum and difference of
groups that name less.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from typing import Final

# The attributes that conditions name, as digests; empty if they only say when something
# was, the sex and age of a patient, and that the patient came.
GroupAttributes = frozenset[str]
NO_ATTRIBUTES: Final[GroupAttributes] = frozenset()
_DIGITS: Final = 16


def attributes_of(*said: object) -> GroupAttributes:
    """Return the attribute in one condition, which is equal for equal conditions."""
    canonical = json.dumps(said, sort_keys=True, default=str)
    return frozenset({hashlib.sha256(canonical.encode()).hexdigest()[:_DIGITS]})


def is_nested(attributes: GroupAttributes, others: Iterable[GroupAttributes]) -> bool:
    """Return whether the attributes are part of one of the others, or include it."""
    return any(attributes < other or other < attributes for other in others)


def nested_groups(
    new: Sequence[Collection[GroupAttributes]],
    disclosed: Sequence[Collection[GroupAttributes]],
) -> Sequence[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Return which groups name something, and beside them those that name less of it.

    Groups are given by their indexes, new ones first, then disclosed ones. Only what a
    new group decides is included: new groups themselves, and disclosed groups of which
    a new one names less.
    """
    rows = [*new, *disclosed]
    nested = []
    for attributes in {each for row in rows for each in row} - {NO_ATTRIBUTES}:
        less = tuple(
            place
            for place, row in enumerate(rows)
            if any(each < attributes for each in row)
        )
        is_new = any(place < len(new) for place in less)
        groups = tuple(
            place
            for place, row in enumerate(rows)
            if attributes in row and (is_new or place < len(new))
        )
        if groups:
            nested.append((groups, less))
    return nested
