"""Proportions of events: which of them are counted, and which of both is disclosed.

The denominator, the numerator and the events that are in the first alone are each of at
least k patients, or hidden. Both numbers are disclosed like all numbers of events, so
that their difference is checked against earlier answers as well.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

import numpy as np

from services.analytics.cohorts.statements import PATIENT_SHIFT
from services.analytics.cohorts.suppression import Key
from services.analytics.cohorts.tables import CellMembers
from services.analytics.figures.model import FigureCell
from services.analytics.figures.protecting import protect_numbers
from services.analytics.members import Members, union_of

# The values of a group, and whether its events are in the numerator.
PartKey = tuple[str | bool, ...]


def add_missing_parts(
    parts: Mapping[PartKey, CellMembers],
) -> dict[PartKey, CellMembers]:
    """Return the parts of all groups: those with and those without the numerator."""
    groups = {key[:-1] for key in parts}
    both = ((*key, is_counted) for key in groups for is_counted in (True, False))
    return dict.fromkeys(both, CellMembers.empty()) | dict(parts)


def unite_parts(parts: Mapping[PartKey, CellMembers]) -> dict[Key, CellMembers]:
    """Return each group with its two parts.

    Two equal events are one event, which is in the numerator if either is.
    """
    united = {}
    for *values, is_counted in parts:
        if is_counted:
            counted = parts[*values, True]
            others = _without(parts[*values, False], counted.counted)
            whole = CellMembers.union([counted, others])
            united[tuple(map(str, values))] = replace(whole, parts=(counted, others))
    return united


def protect_proportions(
    groups: Mapping[Key, CellMembers],
    k: int,
    *,
    is_decided_by_few: Callable[[CellMembers], bool],
) -> tuple[tuple[FigureCell, ...], tuple[Members, ...], tuple[Members, ...]]:
    """Return the proportions, and the events of disclosed denominators and numerators.

    Denominators are disclosed like any numbers of events. A numerator is hidden if it,
    or what the denominator has beyond it, is of fewer than k patients, of nobody too,
    or if few decide about either. Its total may be disclosed by another figure, so what
    is hidden of it is never of one group alone, nor of fewer than k patients together.
    """
    wholes, _ = protect_numbers(
        groups,
        k,
        is_of_events=True,
        is_partition=False,
        whole_of=None,
        is_decided_by_few=is_decided_by_few,
    )
    disclosed = [cell.values for cell in wholes if cell.number is not None]
    large = {
        key
        for key in disclosed
        if not _is_part_of_few(groups[key], k, is_decided_by_few)
    }
    visible = _with_enough_hidden(large, groups, k)
    cells = tuple(
        FigureCell(
            cell.values,
            len(groups[cell.values].parts[0].counted)
            if cell.values in visible
            else None,
            cell.number,
        )
        for cell in wholes
    )
    return (
        cells,
        tuple(groups[key].counted for key in disclosed),
        tuple(groups[key].parts[0].counted for key in disclosed if key in visible),
    )


def _is_part_of_few(
    group: CellMembers, k: int, is_decided_by_few: Callable[[CellMembers], bool]
) -> bool:
    return any(
        len(part.patients) < k or is_decided_by_few(part) for part in group.parts
    )


def _with_enough_hidden(
    visible: Collection[Key], groups: Mapping[Key, CellMembers], k: int
) -> set[Key]:
    """Return which numerators are shown so that the hidden ones are not few together.

    Groups in which there are no events at all hide nothing.
    """
    left = set(visible)
    hidden = {key for key, each in groups.items() if each.parts} - left
    while hidden and left and _are_few(hidden, groups, k):
        least = min(left, key=lambda key: (len(groups[key].parts[0].patients), key))
        left.remove(least)
        hidden.add(least)
    return left


def _are_few(
    hidden: Collection[Key], groups: Mapping[Key, CellMembers], k: int
) -> bool:
    both = zip(*(groups[key].parts for key in hidden), strict=True)
    return len(hidden) == 1 or any(
        len(union_of([part.patients for part in parts])) < k for parts in both
    )


def _without(part: CellMembers, events: Members) -> CellMembers:
    """Return a part without some events, and without patients who had no others."""
    left = np.setdiff1d(part.counted, events, assume_unique=True)
    has_left = np.isin(part.patients >> PATIENT_SHIFT, left >> PATIENT_SHIFT)
    gone = part.patients[~has_left]
    return replace(
        part,
        patients=part.patients[has_left],
        counted=left,
        by_variation=tuple(
            np.setdiff1d(each, gone, assume_unique=True) for each in part.by_variation
        ),
    )
