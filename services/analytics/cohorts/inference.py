"""Whether counts that are disclosed together allow the count of few to be computed.

There are two rules, about who is in which group and not about how it was asked for:

- No two groups may differ in 1 to k - 1 patients (query set overlap control; Dobkin,
  Jones and Lipton, *ACM TODS* 4(1), 1979).
- No sum and difference of disclosed counts, each any number of times, may be the count
  of 1 to k - 1 patients (Chin and Özsoyoğlu, *Auditing and Inference Control in
  Statistical Databases*, *IEEE TSE* 8(6), 1982; trackers: Denning, Denning and
  Schwartz, *ACM TODS* 4(1), 1979).

Counts cannot distinguish patients who are in the same groups: such a class is one
unknown, and each disclosed count is an equation. A count can be computed if its row is
a linear combination of the rows of these equations, which is decided in arithmetic
modulo a prime.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.analytics.members import Members, distinct

# The indexes of groups that have something in common, and of those that have less of
# it.
NestedGroups = tuple[tuple[int, ...], tuple[int, ...]]
_Matrix = NDArray[np.int64]

# Sums of products of a bit and a remainder stay exact in 64 bits, and in a float's 53
# for two million classes.
_PRIME: Final = (1 << 31) - 1
_SPARE: Final = 8
_CLASSES_AT_ONCE: Final = 1 << 16
_COLUMNS_AT_ONCE: Final = 1 << 14
# With up to this many small classes, unions of up to four are checked; with more, of
# two.
_MOST_IN_UNIONS: Final = 1_500
# How many unions have their patients counted at a time, and how many at most; if there
# are more, one of them is assumed to be of few.
_UNIONS_AT_ONCE: Final = 1 << 16
_MOST_UNIONS: Final = 1 << 21


@dataclass(frozen=True, slots=True)
class _Sizes:
    """The number of patients in each class.

    For events, whose patients may be in several classes, `owners` are pairs of a class
    and a patient; None if each patient is in one class.
    """

    numbers: _Matrix
    owners: _Matrix | None = None

    def where(self, is_chosen: NDArray[np.bool_]) -> "_Sizes":
        """Return the sizes of the chosen classes."""
        numbers = self.numbers[is_chosen]
        if self.owners is None:
            return _Sizes(numbers)
        classes, patients = self.owners[:, is_chosen[self.owners[0]]]
        places = np.cumsum(is_chosen) - 1
        return _Sizes(numbers, np.stack((places[classes], patients)))

    def merged(self, places: _Matrix) -> "_Sizes":
        """Return the sizes after merging the classes that have the same place."""
        if self.owners is None:
            numbers = np.bincount(places, weights=self.numbers)
            return _Sizes(numbers.astype(np.int64))
        classes, patients = self.owners
        owners = np.unique(np.stack((places[classes], patients)), axis=1)
        return _Sizes(np.bincount(owners[0]), owners)

    def of_unions(self, parts: _Matrix) -> _Matrix:
        """Return how many patients are in each union; a row lists its classes.

        Where each patient is in one class, a row must not list a class twice.
        """
        if self.owners is None:
            return np.asarray(self.numbers[parts].sum(axis=1))
        patients = self._patients()
        counted = np.zeros(len(parts), dtype=np.int64)
        for start in range(0, len(parts), _UNIONS_AT_ONCE):
            some = slice(start, start + _UNIONS_AT_ONCE)
            rows = np.sort(patients[parts[some]].reshape(len(parts[some]), -1), axis=1)
            is_new = np.diff(rows, axis=1, prepend=-1) > 0
            counted[some] = is_new.sum(axis=1)
        return counted

    def _patients(self) -> _Matrix:
        """Return the patients of each class as a row, padded with -1."""
        assert self.owners is not None, "Everybody is in one class."  # noqa: S101
        classes, patients = self.owners
        order = np.argsort(classes, kind="stable")
        classes = classes[order]
        _, ranks = np.unique(patients[order], return_inverse=True)
        starts = np.searchsorted(classes, np.arange(len(self.numbers)))
        places = np.arange(len(classes)) - starts[classes]
        filled = np.full((len(self.numbers), self.numbers.max(initial=0)), -1)
        filled[classes, places] = ranks
        return filled


def reveals_few(
    groups: Sequence[Members],
    disclosed_groups: Sequence[Members],
    population: int,
    k: int,
    nested: Sequence[NestedGroups] = (),
) -> bool:
    """Return whether `groups`, beside what is disclosed, give away 1 to k - 1 patients.

    Also returns True if a sum and difference of `nested` groups, whose patients have
    something in common, equals one of groups that have less in common: then all the
    patients it counts have it. `population`, the number of patients, is known to
    everybody.
    """
    rows = [*groups, *disclosed_groups]
    belongs, sizes = _classes(rows, population)
    differs = belongs[: len(groups), None, :] != belongs[None, :, :]
    differences = differs @ sizes
    if np.any((differences > 0) & (differences < k)):
        return True
    # The last row, everybody, has nothing in common.
    known = [(more, (*less, len(rows))) for more, less in nested]
    return _is_revealing(belongs, _Sizes(sizes), k, known, len(groups))


def events_reveal_few(
    groups: Sequence[Members],
    disclosed_groups: Sequence[Members],
    patient_shift: int,
    k: int,
    nested: Sequence[NestedGroups] = (),
) -> bool:
    """Return whether counts of events give away 1 to k - 1 patients.

    Members are hashes of events, whose bits from `patient_shift` on are those of the
    patient. The rules are those for patients, including what `nested` groups have in
    common; the number of all events is not known to anybody.
    """
    rows = [*groups, *disclosed_groups]
    everything, places = np.unique(np.concatenate(rows), return_inverse=True)
    patients = everything >> patient_shift
    marks = np.zeros(len(everything), dtype=np.uint64)
    rng = np.random.default_rng()
    ends = np.cumsum([len(members) for members in rows])[:-1]
    for members in np.split(places, ends):
        marks[members] += rng.integers(1, 1 << 63, dtype=np.uint64)
    _, first, which = np.unique(marks, return_index=True, return_inverse=True)
    belongs = np.zeros((len(rows), len(first)), dtype=np.bool_)
    for number, members in enumerate(np.split(places, ends)):
        belongs[number, distinct(which[members])] = True
    pairs = np.unique(np.stack((which, patients)), axis=1)
    sizes = np.bincount(pairs[0], minlength=len(first))
    for row in belongs[: len(groups)]:
        differs = row != belongs
        # Mostly, a single class has at least k patients; otherwise they are counted.
        is_few = differs.any(axis=1) & ((differs * sizes).max(axis=1, initial=0) < k)
        for other in differs[is_few]:
            if len(distinct(pairs[1][other[pairs[0]]])) < k:
                return True
    return _is_revealing(belongs, _Sizes(sizes, pairs), k, nested, len(groups))


def differ_in_few(
    group: Members, disclosed_group: Members, patient_shift: int, k: int
) -> bool:
    """Return whether two groups of events differ in those of 1 to k - 1 patients."""
    apart = np.setxor1d(group, disclosed_group, assume_unique=True)
    return 0 < count_distinct_patients(apart, patient_shift) < k


def count_distinct_patients(events: Members, patient_shift: int) -> int:
    """Return how many patients events are of; a hash begins with the patient's."""
    return len(distinct(events >> patient_shift))


def is_provably_safe(
    group: Members, disclosed_groups: Sequence[Members], bystanders: Members, k: int
) -> bool:
    """Return whether `group` cannot contribute to a count of 1 to k - 1 patients.

    One class of patients who are in the same disclosed groups proves this if at least k
    of them are in `group` and at least k are not. A sum in which `group` counts f times
    differs by f between these two parts, and a count of fewer than k patients is 0 for
    somebody in each part, so f is 0. If no class proves it, the question stays open.

    `bystanders` are some patients, in any group or in none. All arguments may be cut to
    the same range of hashes: a class is then larger than it appears.
    """
    rows = [group, bystanders, *disclosed_groups]
    everybody, places = np.unique(np.concatenate(rows), return_inverse=True)
    of_group, _, *of_disclosed = np.split(
        places, np.cumsum([len(row) for row in rows])[:-1]
    )
    marks = np.zeros(len(everybody), dtype=np.uint64)
    rng = np.random.default_rng()
    for members in of_disclosed:
        marks[members] += rng.integers(1, 1 << 63, dtype=np.uint64)
    alike, which = np.unique(marks, return_inverse=True)
    inside = np.bincount(which[of_group], minlength=len(alike))
    outside = np.bincount(which, minlength=len(alike)) - inside
    return bool(np.any((inside >= k) & (outside >= k)))


def _classes(
    rows: Sequence[Members], population: int
) -> tuple[NDArray[np.bool_], _Matrix]:
    """Return which classes each group has, a last group of all, and their sizes."""
    everybody, places = np.unique(np.concatenate(rows), return_inverse=True)
    ends = np.cumsum([len(members) for members in rows])[:-1]
    inside = np.split(places, ends)
    marks = np.zeros(len(everybody), dtype=np.uint64)
    rng = np.random.default_rng()
    for members in inside:
        marks[members] += rng.integers(1, 1 << 63, dtype=np.uint64)
    _, first, sizes = np.unique(marks, return_index=True, return_counts=True)
    belongs = np.zeros((len(rows) + 1, len(sizes) + 1), dtype=np.bool_)
    for number, members in enumerate(inside):
        is_in = np.zeros(len(everybody), dtype=np.bool_)
        is_in[members] = True
        belongs[number, :-1] = is_in[first]
    belongs[-1] = True
    # Patients in no group are a class as well, which does not count records that are
    # gone.
    others = max(population - len(everybody), 0)
    return belongs, np.append(sizes, others)


def _is_revealing(
    belongs: NDArray[np.bool_],
    sizes: _Sizes,
    k: int,
    nested: Sequence[NestedGroups],
    new: int,
) -> bool:
    """Return whether few can be computed, or what everybody in a group has."""
    is_there = sizes.numbers > 0
    belongs, sizes = belongs[:, is_there], sizes.where(is_there)
    is_few = sizes.numbers < k
    free = _left_null_space(_project_randomly(belongs[:, ~is_few]))
    of_few = belongs[:, is_few]
    if _is_computable(free @ of_few % _PRIME, sizes.where(is_few), k):
        return True
    if not nested:
        return False
    nothing = _left_null_space(_product(free, _project_randomly(of_few)))
    return _is_common_revealed(_product(nothing, free), nested, new)


def _is_common_revealed(
    free: _Matrix, nested: Sequence[NestedGroups], new: int
) -> bool:
    """Return whether sums of groups equal sums of groups that have less in common.

    `free` are the combinations of all groups that are 0 for everybody. Only sums count
    in which one of the first `new` groups takes part: what disclosed groups alone add
    up to is not disclosed anew by any answer.
    """
    for groups, others in nested:
        more, less = set(groups) - set(others), set(others)
        disclosed = (
            {group for group in more if group >= new},
            {group for group in less if group >= new},
        )
        number = _number_shared(free, more, less)
        if number and number > _number_shared(free, *disclosed):
            return True
    return False


def _number_shared(free: _Matrix, more: set[int], less: set[int]) -> int:
    """Return how many independent sums of some groups are sums of others as well.

    Each is a combination of both that is 0, and not of either alone.
    """
    of_both = _number_within(free, more | less)
    if not of_both:
        return 0
    return of_both - _number_within(free, more) - _number_within(free, less)


def _number_within(free: _Matrix, groups: set[int]) -> int:
    """Return how many independent combinations in `free` use only these groups."""
    outside = np.ones(free.shape[1], dtype=np.bool_)
    outside[list(groups)] = False
    left = free[:, outside]
    return len(free) - len(_eliminate(left, left.shape[1]))


def _is_computable(left: _Matrix, few: _Sizes, k: int) -> bool:
    """Return whether a combination of rows is 1 for few patients and 0 for all others.

    Its factors have to yield 0 for each class that is not few. `left` is what the
    factors that do so yield for the `few`; it is small.
    """
    while True:
        left, few = _merged(left, few)
        if not len(few.numbers):
            return False
        is_few = few.numbers < k
        if is_few.all():
            return _has_sum_of_zero(_null_vectors(left), few, k)
        left = _product(_left_null_space(left[:, ~is_few]), left[:, is_few])
        few = few.where(is_few)


def _merged(left: _Matrix, sizes: _Sizes) -> tuple[_Matrix, _Sizes]:
    """Merge classes that no combination distinguishes, and drop those in none."""
    is_seen = np.asarray(left.any(axis=0))
    left, sizes = left[:, is_seen], sizes.where(is_seen)
    if not is_seen.any():
        return left, sizes
    factors = np.random.default_rng().integers(_PRIME, size=(2, len(left)))
    alike = _packed(_product(factors, left).T)
    _, first, where = np.unique(alike, return_index=True, return_inverse=True)
    return left[:, first], sizes.merged(where)


def _project_randomly(belongs: NDArray[np.bool_]) -> _Matrix:
    """Return a few random sums of the columns, which span the same space."""
    height, width = belongs.shape
    if width <= height + _SPARE:
        return belongs.astype(np.int64)
    rng = np.random.default_rng()
    sums = np.zeros((height, height + _SPARE), dtype=np.int64)
    for start in range(0, width, _CLASSES_AT_ONCE):
        some = belongs[:, start : start + _CLASSES_AT_ONCE].astype(np.float64)
        factors = rng.integers(_PRIME, size=(some.shape[1], height + _SPARE))
        sums += (some @ factors.astype(np.float64)).astype(np.int64) % _PRIME
    return sums % _PRIME


def _left_null_space(columns: _Matrix) -> _Matrix:
    """Return the combinations of rows that make every column 0."""
    height, width = columns.shape
    both = np.hstack((columns % _PRIME, np.eye(height, dtype=np.int64)))
    rank = len(_eliminate(both, width))
    return both[rank:, width:]


def _null_vectors(left: _Matrix) -> _Matrix:
    """Return two random vectors that `left` maps to 0, with a row for each column."""
    rng = np.random.default_rng()
    vectors = rng.integers(_PRIME, size=(left.shape[1], 2))
    pivots = _independent(left)
    vectors[pivots] = 0
    solved = np.hstack((left[:, pivots], -_product(left, vectors) % _PRIME))
    _eliminate(solved, len(pivots))
    vectors[pivots] = solved[: len(pivots), len(pivots) :]
    return vectors


def _independent(left: _Matrix) -> list[int]:
    """Return columns on which all others depend, examining a few of them at a time."""
    chosen: list[int] = []
    while len(seen := np.flatnonzero(left.any(axis=0))):
        some = seen[: 2 * len(left)]
        pivots = _eliminate(left[:, some], len(some))
        chosen += [int(some[place]) for place in pivots]
        left = _product(_left_null_space(left[:, some]), left)
    return chosen


def _eliminate(matrix: _Matrix, width: int) -> list[int]:
    """Bring the first columns into reduced echelon form, and return the pivots."""
    pivots: list[int] = []
    for place in range(width):
        row = len(pivots)
        if row == len(matrix):
            break
        candidates = np.flatnonzero(matrix[row:, place])
        if not len(candidates):
            continue
        best = row + candidates[0]
        matrix[[row, best]] = matrix[[best, row]]
        inverse = pow(int(matrix[row, place]), -1, _PRIME)
        matrix[row] = matrix[row] * inverse % _PRIME
        others = np.flatnonzero(matrix[:, place])
        others = others[others != row]
        taken = np.outer(matrix[others, place], matrix[row]) % _PRIME
        matrix[others] = (matrix[others] - taken) % _PRIME
        pivots.append(place)
    return pivots


def _product(left: _Matrix, right: _Matrix) -> _Matrix:
    """Multiply in two halves of 16 bits, so that the sums of the products fit in 64."""
    total = np.zeros((left.shape[0], right.shape[1]), dtype=np.int64)
    for start in range(0, left.shape[1], _COLUMNS_AT_ONCE):
        some = left[:, start : start + _COLUMNS_AT_ONCE]
        high, low = np.divmod(right[start : start + _COLUMNS_AT_ONCE], 1 << 16)
        total += (some @ high % _PRIME << 16) + some @ low
        total %= _PRIME
    return total


def _has_sum_of_zero(vectors: _Matrix, few: _Sizes, k: int) -> bool:
    """Return whether up to four classes, fewer than k patients together, add up to 0.

    Each combination of rows adds up to 0 with such vectors. Anything else does so with
    odds of 1 to 2 to the power of 62.
    """
    number = len(few.numbers)
    alone = _Sums(vectors, np.arange(number)[:, None], few)
    if not vectors.any(axis=1).all() or alone.cancel(alone, k):
        return True
    if number > _MOST_IN_UNIONS:
        return False
    both = np.stack(np.triu_indices(number, k=1), axis=1)
    both = both[few.of_unions(both) < k]
    pairs = _Sums(vectors[both].sum(axis=1), both, few)
    return pairs.cancel(alone, k) or pairs.cancel(pairs, k)


class _Sums:
    """Sums of the vectors of some classes, these classes and how many patients."""

    def __init__(self, vectors: _Matrix, parts: _Matrix, few: _Sizes) -> None:
        self._vectors = vectors % _PRIME
        self._parts = parts
        self._few = few
        self._sizes = few.of_unions(parts)

    def cancel(self, others: "_Sums", k: int) -> bool:
        """Return whether one of these and one of the others, few together, cancel."""
        if not len(self._sizes) or not len(others._sizes):
            return False
        ours, theirs = _packed(self._vectors), _packed(-others._vectors % _PRIME)
        order = np.lexsort((others._sizes, theirs))
        theirs = theirs[order]
        first = np.searchsorted(theirs, ours)
        if self._few.owners is not None:
            often = np.searchsorted(theirs, ours, side="right") - first
            return self._meet_in_few(others, order, first, often, k)
        # The first of equal sums has the fewest patients.
        places = np.minimum(first, len(theirs) - 1)
        sizes = others._sizes[order][places]
        meets = (theirs[places] == ours) & (self._sizes + sizes < k)
        return bool(meets.any())

    def _meet_in_few(
        self, others: "_Sums", order: _Matrix, first: _Matrix, often: _Matrix, k: int
    ) -> bool:
        """Return whether any pair of sums that cancel out is of few patients.

        A patient whose events are in several classes counts once. Each of our sums
        meets `often` of the others, in their order, beginning with `first`.
        """
        total = int(often.sum())
        if total > _MOST_UNIONS:
            return True
        within = np.arange(total) - np.repeat(np.cumsum(often) - often, often)
        met = order[np.repeat(first, often) + within]
        ours = np.repeat(np.arange(len(often)), often)
        parts = np.hstack((self._parts[ours], others._parts[met]))
        return bool((self._few.of_unions(parts) < k).any())


def _packed(vectors: _Matrix) -> NDArray[np.int64]:
    return vectors[:, 0] << 31 | vectors[:, 1]
