"""Numbers of patients or of events, and which of them are hidden."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from services.analytics.cohorts import Dimension, suppression, tables
from services.analytics.cohorts.suppression import Key
from services.analytics.cohorts.tables import CellMembers
from services.analytics.figures import quantities
from services.analytics.figures.distributions import distribution_of, is_diverse
from services.analytics.figures.model import FigureCell, Quantity
from services.analytics.figures.quantities import PatientValues
from services.analytics.members import Members, union_of
from services.core.errors import InvalidInput
from services.core.sentences import Sentence

Table = Mapping[Key, tuple[int | None, int | None]]
# Disclosed events are kept on the primary, with eight bytes for each of them.
MOST_EVENTS: Final = 200_000


def are_too_many_events(sizes: Iterable[int]) -> bool:
    """Return whether these are more events than are kept for one answer."""
    return sum(sizes) > MOST_EVENTS


def require_not_too_many_events(sizes: Iterable[int]) -> None:
    """Raise InvalidInput for more events than are kept for one answer."""
    if are_too_many_events(sizes):
        raise InvalidInput(
            "of",
            Sentence(
                "There are more than {most:,} events. Count a shorter period or a "
                "smaller cohort.",
                most=MOST_EVENTS,
            ),
        )


def protect_numbers(
    groups: Mapping[Key, CellMembers],
    k: int,
    *,
    is_of_events: bool,
    is_partition: bool,
    whole_of: Callable[[Key], int] | None,
    is_nobody_few: bool = False,
    suppressed: Collection[Key] = (),
    outside: int = 0,
    is_decided_by_few: Callable[[CellMembers], bool] | None = None,
) -> tuple[tuple[FigureCell, ...], tuple[Members, ...]]:
    """Return the numbers of patients or of events, and the members of disclosed ones.

    Where groups are parts of one whole, each patient is in one of them, and nothing is
    disclosed of those in `suppressed`. Elsewhere `whole_of` returns the size
    of the whole that a number is part of: a number of all but few is hidden, and one of
    all if nobody counts as few. There, patients are in several groups, so that their
    numbers do not add up. Events do, and their total may be disclosed by another
    figure: what is hidden of them is never of 1 to k - 1 patients together. A number is
    also hidden if few decide about the group, or if it alone would be missing from a
    whole.
    """
    # With events, too, it is patients who are few.
    sizes = {
        key: len(each.counted if is_partition else each.patients)
        for key, each in groups.items()
    }
    table: Table = {key: (n if n >= k else None, None) for key, n in sizes.items()}
    if is_partition:
        pairs = {key: (n, n) for key, n in sizes.items()}
        table = suppression.protect_table(
            pairs, k, outside=outside, suppress_both=suppressed
        )
    if is_of_events:
        table = _with_enough_hidden(groups, table, k)
    is_of_counted = is_of_events or is_partition
    fewest = 0 if is_nobody_few and k > 1 else 1
    visible = {
        key: groups[key].counted if is_of_counted else groups[key].patients
        for key, (number, _) in table.items()
        if number is not None
        and not (whole_of and fewest <= whole_of(key) - sizes[key] < k)
    }
    few = {
        key for key in visible if is_decided_by_few and is_decided_by_few(groups[key])
    }
    if few and (is_partition or is_of_events):
        # A group without patients does not hide anything of another.
        hidden = {key for key in table.keys() - visible.keys() if sizes[key]}
        few = suppression.with_complementary(few | hidden, sizes, k)
    visible = {key: members for key, members in visible.items() if key not in few}
    cells = tuple(
        FigureCell(key, len(visible[key]) if key in visible else None) for key in table
    )
    return cells, tuple(visible.values())


def protect_distributions(
    quantity: Quantity,
    cells: Sequence[FigureCell],
    groups: Mapping[Key, CellMembers],
    k: int,
    *,
    is_partition: bool,
) -> tuple[tuple[FigureCell, ...], tuple[Members, ...], tuple[Members, ...]]:
    """Return the distributions in the disclosed cells, and what these disclose.

    They disclose patients, who are checked against earlier groups like those of counts,
    and the patients' quantities, which are checked like events: two means of the same
    patients, before and after one of them was measured again, differ by that one's
    value.

    Where groups are parts of one whole, the hidden patients must not all be alike: the
    smallest other group is hidden together with a group in which they are.
    """
    own = {key: quantities.patient_values(each.numbers) for key, each in groups.items()}
    shown = {
        cell.values
        for cell in cells
        if cell.number is not None and is_diverse(own[cell.values].numbers, k)
    }
    if is_partition:
        shown = _with_diverse_rest(shown, own, k)
    distributions = tuple(
        replace(cell, distribution=distribution_of(own[cell.values].numbers, k))
        if cell.values in shown
        else replace(cell, number=None)
        for cell in cells
    )
    facts = tuple(quantities.value_hashes(quantity, own[key]) for key in shown)
    return distributions, tuple(groups[key].patients for key in shown), facts


def _with_diverse_rest(
    shown: Collection[Key], own: Mapping[Key, PatientValues], k: int
) -> set[Key]:
    """Return which groups are shown so that in no line the hidden ones are alike.

    The mean of a whole line may be disclosed elsewhere, and with the shown ones it
    leaves that of the hidden ones. Groups of fewer than k decide nothing: they are
    hidden by themselves.
    """
    left = set(shown)
    lines = [line for line in suppression.lines_of(own) if len(line) > 1]
    is_changed = True
    while is_changed:
        is_changed = False
        for line in lines:
            hidden = [
                own[key].numbers
                for key in line
                if key not in left and len(own[key].numbers) >= k
            ]
            visible = [key for key in line if key in left]
            rest = np.concatenate([np.empty(0), *hidden])
            if visible and hidden and not is_diverse(rest, k):
                left.remove(min(visible, key=lambda key: (len(own[key].numbers), key)))
                is_changed = True
    return left


def disclosed_unit(unit: str, cells: Iterable[FigureCell]) -> str:
    """Return the unit if a number in it is disclosed; else it would reveal somebody."""
    return unit if any(cell.number is not None for cell in cells) else ""


def without_undisclosed(
    by: Sequence[Dimension],
    cells: Sequence[FigureCell],
    totals: Sequence[FigureCell] = (),
) -> tuple[tuple[FigureCell, ...], tuple[FigureCell, ...]]:
    """Return cells and totals without the values of which no number is disclosed."""
    is_there = tables.on_disclosed_axes(
        by,
        (
            cell.values
            for cell in (*cells, *totals)
            if cell.number is not None or cell.entered is not None
        ),
    )
    return (
        tuple(cell for cell in cells if is_there(cell.values)),
        tuple(total for total in totals if is_there(total.values)),
    )


def _with_enough_hidden(
    groups: Mapping[Key, CellMembers], table: Table, k: int
) -> Table:
    """Also hide the number of fewest patients if few are hidden altogether."""
    hidden = [
        groups[key].patients for key, (number, _) in table.items() if number is None
    ]
    visible = [key for key, (number, _) in table.items() if number is not None]
    if not hidden or not visible or not 0 < len(union_of(hidden)) < k:
        return table
    least = min(visible, key=lambda key: (len(groups[key].patients), key))
    return {**table, least: (None, None)}
