"""Counts by one or two dimensions as a whole table, without gaps and rare values.

A gap would reveal that a count is 0, and the name of a value that somebody has it. So
times are filled in, and values that fewer than k patients have are disclosed together
as others. If no number of a value is disclosed, its existence is not either.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from services.analytics.cohorts.model import Cohort, Dimension
from services.analytics.cohorts.suppression import Key
from services.analytics.group_attributes import GroupAttributes
from services.analytics.members import Members, union_of
from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.core.weekdays import WEEKDAYS

OTHERS: Final = "others"
NO_VALUE: Final = "none"
MOST_CELLS: Final = 3_000
MOST_VALUES: Final = 30
# A patient, and the patient's number.
PATIENT_VALUE: Final = np.dtype([("patient", ">i8"), ("number", ">f8")])
_QUARTERS: Final = 4
_MONTHS: Final = 12
# Dimensions with values that are typed or chosen somewhere, some of which are rare.
OPEN_DIMENSIONS: Final = frozenset(
    {Dimension.SPECIALITY, Dimension.STATUS, Dimension.WORDS, Dimension.CODE}
)
_FULL_HOUR: Final = ":00"
_TIMES: Final[Mapping[Dimension, Callable[[int], str]]] = {
    Dimension.MONTH: lambda n: f"{n // _MONTHS}-{n % _MONTHS + 1:02}",
    Dimension.QUARTER: lambda n: f"{n // _QUARTERS} Q{n % _QUARTERS + 1}",
    Dimension.YEAR: str,
    Dimension.HOUR: lambda n: f"{n:02}{_FULL_HOUR}",
}


@dataclass(frozen=True, slots=True, eq=False)
class CellMembers:
    """Who is in a cell of a table, and what is counted of them.

    `patients` came in, or had what is counted; `counted` are those who remain, or the
    events. `numbers` are the patients with their own numbers, for distributions.
    `by_variation` is what `is_decided_by_few` judges: who is in the cell, and who is in
    it in each variation. `parts` are the same of those events that a proportion counts,
    and of the others; a cell in which nobody is has none.
    """

    patients: Members
    counted: Members
    numbers: NDArray[Any] = field(
        default_factory=lambda: np.empty(0, dtype=PATIENT_VALUE)
    )
    by_variation: tuple[Members, ...] = ()
    parts: "tuple[CellMembers, ...]" = ()

    @classmethod
    def empty(cls, number_of_variations: int = 0) -> Self:
        """Return the groups of a cell in which nobody is, nor in any variation."""
        nobody = np.empty(0, dtype=np.int64)
        return cls(nobody, nobody, by_variation=(nobody,) * number_of_variations)

    @classmethod
    def union(cls, parts: Sequence[Self]) -> Self:
        """Return everybody who is in at least one of several cells, once."""
        return cls(
            union_of([part.patients for part in parts]),
            union_of([part.counted for part in parts]),
            np.unique(np.concatenate([part.numbers for part in parts])),
            tuple(
                map(union_of, zip(*(part.by_variation for part in parts), strict=True))
            ),
            tuple(
                map(
                    cls.union,
                    zip(*(part.parts for part in parts if part.parts), strict=True),
                )
            ),
        )


def complete_table(
    split_by: Sequence[Dimension],
    cells: Mapping[Key, CellMembers],
    k: int,
    *,
    number_of_variations: int,
) -> Mapping[Key, CellMembers]:
    """Return all cells of a table from those found; those filled in have nobody.

    They have `number_of_variations` groups in `by_variation`.
    Values are rare by their number of patients. Times are filled in only between those
    with at least k patients: otherwise the distance between times of few would decide
    whether there are too many cells. Raises InvalidInput.
    """
    cells = collapse_rare(split_by, cells, k)
    axes = [
        _axis(dimension, _values(cells, place, k if dimension in _TIMES else 0))
        for place, dimension in enumerate(split_by)
    ]
    require_not_too_many_cells(prod(map(len, axes)))
    nobody = CellMembers.empty(number_of_variations)
    return dict.fromkeys(product(*axes), nobody) | dict(cells)


def collapse_rare(
    split_by: Sequence[Dimension], cells: Mapping[Key, CellMembers], k: int
) -> Mapping[Key, CellMembers]:
    """Return the cells with values that fewer than k patients have as others."""
    for place, dimension in enumerate(split_by):
        if dimension in OPEN_DIMENSIONS:
            cells = _without_rare(cells, place, k)
    return cells


def find_common_to_all(
    split_by: Sequence[Dimension], cells: Mapping[Key, CellMembers], k: int
) -> set[Key]:
    """Return the cells of values that all patients of a table have, or all but few.

    If everybody in a group has the same words, whoever is known to be in the group has
    them, so that nobody without them counts as few. A sex, an age or a time reveals
    nothing, and *others* and *none* do not say what somebody has.
    """
    if k <= 1 or not cells or not OPEN_DIMENSIONS & set(split_by):
        return set()
    everybody = union_of([each.patients for each in cells.values()])
    common: set[Key] = set()
    for place, dimension in enumerate(split_by):
        if dimension in OPEN_DIMENSIONS:
            values = {
                value
                for value, size in _sizes(cells, place).items()
                if len(everybody) - size < k
            } - {OTHERS, NO_VALUE, ""}
            common |= {key for key in cells if key[place] in values}
    return common


def disclosed_members(
    table: Mapping[Key, Sequence[int | None]],
    groups: Mapping[Key, CellMembers],
    attribute_sets: Sequence[GroupAttributes | None],
) -> list[tuple[Members, GroupAttributes | None]]:
    """Return the members of each number that a table discloses, with attributes."""
    return [
        (members, attributes)
        for key, numbers in table.items()
        for members, attributes, number in zip(
            (groups[key].patients, groups[key].counted),
            attribute_sets,
            numbers,
            strict=True,
        )
        if number is not None
    ]


def attributes_of_cells(
    cohort: Cohort, split_by: Sequence[Dimension]
) -> tuple[GroupAttributes | None, GroupAttributes | None]:
    """Return the attributes of those in a cell: who came in, and who remains.

    None where cells are split by words: such a table does not disclose what everybody
    in it has.
    """
    if OPEN_DIMENSIONS & set(split_by):
        return None, None
    return cohort.attributes(0), cohort.attributes(len(cohort.steps))


def require_not_too_many_cells(number: int) -> None:
    """Raise InvalidInput for more cells than a table may have."""
    if number > MOST_CELLS:
        raise InvalidInput(
            "by",
            Sentence(
                "This makes more than {most:,} groups. Split by fewer things, or by "
                "longer periods.",
                most=MOST_CELLS,
            ),
        )


def on_disclosed_axes(
    split_by: Sequence[Dimension], disclosed: Iterable[Key]
) -> Callable[[Key], bool]:
    """Return a predicate of whether a cell is in the table, given the disclosed cells.

    A value without a disclosed cell would reveal that somebody has it, and a time
    before the first disclosed one, that somebody was there: gaps are filled only
    between disclosed times. In a total, the values that it sums up are empty.
    """
    keys = list(disclosed)
    axes = [
        _disclosed_axis(dimension, {key[place] for key in keys} - {""})
        for place, dimension in enumerate(split_by)
    ]
    return lambda key: (
        bool(keys)
        and all(not value or has(value) for value, has in zip(key, axes, strict=True))
    )


def _disclosed_axis(
    dimension: Dimension, disclosed: Collection[str]
) -> Callable[[str], bool]:
    if dimension is Dimension.WEEKDAY:
        return lambda _: bool(disclosed)
    if dimension in _TIMES and disclosed:
        first, last = min(disclosed), max(disclosed)
        return lambda value: first <= value <= last
    return lambda value: value in disclosed


def _without_rare(
    cells: Mapping[Key, CellMembers], place: int, k: int
) -> Mapping[Key, CellMembers]:
    sizes = _sizes(cells, place)
    common = sorted(
        (value for value, size in sizes.items() if size >= k),
        key=lambda value: (-sizes[value], value),
    )
    kept = set(common[:MOST_VALUES])
    folded: dict[Key, list[CellMembers]] = {}
    for key, groups in cells.items():
        value = key[place] if key[place] in kept else OTHERS
        folded.setdefault((*key[:place], value, *key[place + 1 :]), []).append(groups)
    return {key: CellMembers.union(parts) for key, parts in folded.items()}


def _values(cells: Mapping[Key, CellMembers], place: int, least: int) -> list[str]:
    """Return the values that at least `least` patients have, sorted.

    If a single cell has that many, the cells are not united to count them.
    """
    return sorted(
        value
        for value, parts in _by_value(cells, place).items()
        if max(map(len, parts)) >= least or len(union_of(parts)) >= least
    )


def _sizes(cells: Mapping[Key, CellMembers], place: int) -> Mapping[str, int]:
    parts_by_value = _by_value(cells, place)
    return {value: len(union_of(parts)) for value, parts in parts_by_value.items()}


def _by_value(
    cells: Mapping[Key, CellMembers], place: int
) -> Mapping[str, Sequence[Members]]:
    """Return the members of the cells of each value."""
    by_value: dict[str, list[Members]] = {}
    for key, groups in cells.items():
        by_value.setdefault(key[place], []).append(groups.patients)
    return by_value


def _axis(dimension: Dimension, values: Sequence[str]) -> Sequence[str]:
    """Return the values of a dimension without gaps: a gap would reveal a 0."""
    if not values:
        return values
    if dimension is Dimension.WEEKDAY:
        return WEEKDAYS
    if write := _TIMES.get(dimension):
        first, last = (_number(value) for value in (values[0], values[-1]))
        return [write(number) for number in range(first, last + 1)]
    if dimension in OPEN_DIMENSIONS and OTHERS in values:
        return [*(value for value in values if value != OTHERS), OTHERS]
    return values


def _number(value: str) -> int:
    """Return the ordinal number of a time; successive times have successive numbers."""
    if " Q" in value:
        year, quarter = value.split(" Q")
        return int(year) * _QUARTERS + int(quarter) - 1
    if "-" in value:
        year, month = value.split("-")
        return int(year) * _MONTHS + int(month) - 1
    return int(value.removesuffix(_FULL_HOUR))
