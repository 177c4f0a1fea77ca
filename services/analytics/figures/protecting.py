"""Numbers of patients or of events, and which of them are hidden."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from services.analytics.cohorts import Dimension, suppression, tables
from services.analytics.cohorts.inference import Members
from services.analytics.cohorts.suppression import Key
from services.analytics.cohorts.tables import Groups
from services.analytics.figures import quantities
from services.analytics.figures.distributions import distribution_of, is_diverse
from services.analytics.figures.model import FigureCell, Quantity
from services.core.errors import InvalidInput
from services.core.sentences import Sentence

Table = Mapping[Key, tuple[int | None, int | None]]
# What is told of is kept on the primary, eight bytes for each of them.
MOST_EVENTS: Final = 200_000


def are_too_many(sizes: Iterable[int]) -> bool:
    """Tell whether these are more events than are kept of one answer."""
    return sum(sizes) > MOST_EVENTS


def require_not_too_many(sizes: Iterable[int]) -> None:
    """Raise InvalidInput for more events than are kept of one answer."""
    if are_too_many(sizes):
        raise InvalidInput(
            "of",
            Sentence(
                "These are more than {most:,} events. Count fewer: of a shorter "
                "period, or of a smaller cohort.",
                most=MOST_EVENTS,
            ),
        )


def protect_numbers(
    groups: Mapping[Key, Groups],
    k: int,
    *,
    is_of_events: bool,
    is_parted: bool,
    whole: Members | None,
    outside: int = 0,
    do_few_decide: Callable[[Groups], bool] | None = None,
) -> tuple[tuple[FigureCell, ...], tuple[Members, ...]]:
    """Return the numbers of patients or of events, and who is in each that is told.

    Where groups are parts of one whole, each patient is in one of them. Elsewhere
    `whole` are all of whom a number is a part: one of all but few is not told. Patients
    come more than once there, so numbers do not add up. Events do, and their whole may
    be told by another figure: what is hidden of them is never of 1 to k - 1 patients
    together. Nor is a number told if few decide about the group, nor where it adds up
    to be what alone is missing in a whole.
    """
    # Of events it is patients who are few.
    sizes = {
        key: len(each.counted if is_parted else each.patients)
        for key, each in groups.items()
    }
    table: Table = {key: (n if n >= k else None, None) for key, n in sizes.items()}
    if is_parted:
        pairs = {key: (n, n) for key, n in sizes.items()}
        table = suppression.protect_table(pairs, k, outside=outside)
    if is_of_events:
        table = _with_enough_hidden(groups, table, k)
    is_of_counted = is_of_events or is_parted
    visible = {
        key: groups[key].counted if is_of_counted else groups[key].patients
        for key, (number, _) in table.items()
        if number is not None and (whole is None or not 0 < len(whole) - sizes[key] < k)
    }
    few = {key for key in visible if do_few_decide and do_few_decide(groups[key])}
    if few and (is_parted or is_of_events):
        # Nobody in a group hides nothing of another.
        hidden = {key for key in table.keys() - visible.keys() if sizes[key]}
        few = suppression.complete(few | hidden, sizes, k)
    visible = {key: members for key, members in visible.items() if key not in few}
    cells = tuple(
        FigureCell(key, len(visible[key]) if key in visible else None) for key in table
    )
    return cells, tuple(visible.values())


def protect_spread(
    quantity: Quantity,
    cells: Sequence[FigureCell],
    groups: Mapping[Key, Groups],
    k: int,
) -> tuple[tuple[FigureCell, ...], tuple[Members, ...], tuple[Members, ...]]:
    """Return how a quantity is spread in the cells that are told, and what they tell.

    That are patients, held against earlier groups as those of counts are, and what
    their quantities were, as events are: of the same patients' two means, before and
    after one of them was measured again, the difference is that one's.
    """
    own = {key: quantities.own_values(each.numbers) for key, each in groups.items()}
    shown = {
        cell.values
        for cell in cells
        if cell.number is not None and is_diverse(own[cell.values].numbers, k)
    }
    spread = tuple(
        replace(cell, distribution=distribution_of(own[cell.values].numbers, k))
        if cell.values in shown
        else replace(cell, number=None)
        for cell in cells
    )
    facts = tuple(quantities.facts_of(quantity, own[key]) for key in shown)
    return spread, tuple(groups[key].patients for key in shown), facts


def unit_of_shown(unit: str, cells: Iterable[FigureCell]) -> str:
    """Return the unit if a number in it is told: else it would tell of somebody."""
    return unit if any(cell.number is not None for cell in cells) else ""


def without_undisclosed(
    by: Sequence[Dimension],
    cells: Sequence[FigureCell],
    totals: Sequence[FigureCell] = (),
) -> tuple[tuple[FigureCell, ...], tuple[FigureCell, ...]]:
    """Return cells and totals without values of which no number is told."""
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


def _with_enough_hidden(groups: Mapping[Key, Groups], table: Table, k: int) -> Table:
    """Hide the number of the fewest patients as well, if few are hidden altogether."""
    hidden = [
        groups[key].patients for key, (number, _) in table.items() if number is None
    ]
    visible = [key for key, (number, _) in table.items() if number is not None]
    if not hidden or not visible or not 0 < len(np.unique(np.concatenate(hidden))) < k:
        return table
    least = min(visible, key=lambda key: (len(groups[key].patients), key))
    return {**table, least: (None, None)}
