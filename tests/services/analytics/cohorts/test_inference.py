"""Which disclosed counts together reveal a small one: against exact arithmetic."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from services.analytics.cohorts.inference import (
    events_reveal_few,
    is_provably_safe,
    reveals_few,
)

EVERYBODY = 400
K = 5


def people(*ranges):
    return np.concatenate([np.arange(*each, dtype=np.int64) for each in ranges])


FEW, MANY, OTHERS = people((3,)), people((50,)), people((100, 300))
EVEN, ODD = people((0, EVERYBODY, 2)), people((1, EVERYBODY, 2))


@pytest.mark.parametrize(
    ("group", "disclosed", "is_revealed"),
    [
        (people((40,)), [people((39,))], True),
        (people((40,)), [people((36,))], True),
        (people((40,)), [people((35,))], False),
        (people((40,)), [people((1, 41))], True),
        (people((EVERYBODY - 4,)), [], True),
        (people((EVERYBODY - 5,)), [], False),
        (people((200,)), [people((203, EVERYBODY))], True),
        (people((200,)), [people((205, EVERYBODY))], False),
        (np.union1d(FEW, OTHERS), [OTHERS], True),
        (np.union1d(FEW, EVEN), [np.union1d(FEW, ODD)], True),
        (np.union1d(MANY, EVEN), [np.union1d(MANY, ODD)], False),
        (people((0, 203)), [people((100, 300)), people((203, 300)), MANY], False),
        (people((0, 203)), [people((0, 100)), people((100, 200)), MANY], True),
    ],
    ids=[
        "all but one", "all but four", "all but five", "one for another",
        "nearly everybody", "everybody but five", "complement", "complement of many",
        "tracker", "general tracker", "general tracker of many", "parts of others",
        "the rest of the parts",
    ],
)  # fmt: skip
def test_a_difference_of_few_is_seen(group, disclosed, is_revealed):
    assert reveals_few([group], disclosed, EVERYBODY, K) is is_revealed


def test_several_small_classes_are_seen_together():
    left, right = people((0, 2)), people((2, 4))
    first = np.union1d(left, people((100, 200)))
    second = np.union1d(right, people((200, 300)))

    disclosed = [second, people((100, 300)), people((300, 400)), left + 300]

    assert reveals_few([first], disclosed, EVERYBODY, K)


def is_computable(rows, size, population):
    """Return exactly whether a union of classes below K is in the span of the rows."""
    columns = {}
    for person in range(population):
        column = (*(person in row for row in rows), True)
        columns[column] = columns.get(column, 0) + 1
    classes = list(columns)
    orthogonal = null_space(
        [[Fraction(c[n]) for c in classes] for n in range(len(rows) + 1)]
    )
    small = [place for place, c in enumerate(classes) if columns[c] < size]
    return any(
        sum(columns[classes[place]] for place in union) < size
        and not any(sum(vector[place] for place in union) for vector in orthogonal)
        for many in range(1, size)
        for union in combinations(small, many)
    )


def null_space(matrix):
    """Return a basis of the orthogonal complement of all rows, by Gauss-Jordan."""
    rows, pivots = [list(row) for row in matrix], []
    for place in range(len(rows[0])):
        rank = len(pivots)
        pivot = next((n for n in range(rank, len(rows)) if rows[n][place]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        rows[rank] = [number / rows[rank][place] for number in rows[rank]]
        for n, row in enumerate(rows):
            if n != rank and (factor := row[place]):
                pairs = zip(row, rows[rank], strict=True)
                rows[n] = [mine - factor * theirs for mine, theirs in pairs]
        pivots.append(place)
    width = len(rows[0])
    free = [place for place in range(width) if place not in pivots]
    vectors = [[Fraction(place == own) for place in range(width)] for own in free]
    for own, vector in zip(free, vectors, strict=True):
        for row, pivot in zip(rows, pivots, strict=False):
            vector[pivot] = -row[own]
    return vectors


def test_it_is_what_exact_arithmetic_says():
    rng, seen = np.random.default_rng(20261125), []
    for _ in range(120):
        population = int(rng.integers(20, 40))
        width = int(rng.integers(2, 7))
        rows = [
            np.flatnonzero(rng.random(population) < rng.choice([0.3, 0.5, 0.8]))
            for _ in range(width)
        ]
        rows = [row for row in rows if len(row)]
        # What two groups alone reveal is another rule, tested above.
        if any(
            0 < len(np.setxor1d(left, right)) < K
            for left, right in combinations(rows, 2)
        ):
            continue
        if any(population - len(row) < K for row in rows):
            continue
        is_revealed = reveals_few(rows[:1], rows[1:], population, K)
        assert is_revealed == is_computable(rows, K, population)
        seen.append(is_revealed)

    assert len(seen) > 30
    assert set(seen) == {True, False}


def test_what_is_proven_apart_gives_nothing_away():
    rng, proven, hidden = np.random.default_rng(63), 0, 0
    for _ in range(300):
        population = int(rng.integers(30, 120))
        group, *disclosed = (
            np.flatnonzero(rng.random(population) < rng.choice([0.2, 0.5, 0.9]))
            for _ in range(int(rng.integers(2, 6)))
        )
        if reveals_few(disclosed[:1], disclosed[1:], population, 3):
            continue
        # Disclosed groups cut to the same half prove no more than whole ones.
        half = population // 2
        everybody, nobody = people((population,)), people((0, 0))
        for rows in (
            [group, everybody, *disclosed],
            [row[row < half] for row in (group, everybody, *disclosed)],
            [group, nobody, *disclosed],
        ):
            if is_provably_safe(rows[0], rows[2:], rows[1], 3):
                proven += 1
                assert not reveals_few([group], disclosed, population, 3)
            else:
                hidden += 1

    assert proven > 100
    assert hidden > 50


def test_one_small_class_proves_nothing():
    disclosed, everybody = [people((39,))], people((EVERYBODY,))

    assert not is_provably_safe(people((40,)), disclosed, everybody, K)
    assert is_provably_safe(people((45,)), disclosed, everybody, K)
    assert not is_provably_safe(people((45,)), disclosed, people((49,)), K)


@pytest.mark.parametrize(("exchanged", "is_few"), [(1, True), (5, False)])
def test_of_events_some_patients_exchanged_for_others_count(exchanged, is_few):
    """Each patient has six events; no sum of both tells how many are one patient's."""
    shift, events = 24, range(6)

    def of(patients):
        return np.array([p << shift | e for p in patients for e in events])

    shared = range(100, 120)
    disclosed = of([*range(exchanged), *shared])
    new = of([*range(50, 50 + exchanged), *shared])

    assert events_reveal_few([new], [disclosed], shift, 5) is is_few


@pytest.mark.parametrize(
    ("monday", "tuesday", "is_few"),
    [(range(3), range(3), True), (range(3), range(1, 4), True),
     (range(3), range(2, 5), False)],
    ids=["the same three", "four in all", "five in all"],
)  # fmt: skip
def test_few_are_not_more_for_having_events_in_several_groups(monday, tuesday, is_few):
    """Both days are shown, and all others' events of both days: the rest is theirs."""
    shift, others = 24, range(100, 120)

    def of(patients, day):
        return np.array([patient << shift | day for patient in patients])

    disclosed = [
        of([*some, *others], day) for day, some in enumerate((monday, tuesday))
    ]
    new = np.concatenate([of(others, day) for day in range(2)])

    assert events_reveal_few([new], disclosed, shift, K) is is_few


SHIFT = 24


def events(who, number):
    """Return an event of one kind for each patient; the number is the kind's own."""
    return (np.asarray(who, dtype=np.int64) << SHIFT) + number


def reveals_together(*small):
    """Return whether sums reveal small groups only in several classes together.

    All of `small` add up to a sum of disclosed numbers. Each is with strangers in
    another sum, which distinguishes them, and reveals none of these alone.
    """
    strangers, disclosed = [], []
    large = [
        people((1_000 * number, 1_000 * number + 100))
        for number in range(1, 2 * len(small))
    ]
    kinds = iter(range(1, 100))
    beside = [events(who, next(kinds)) for who in large[: len(small)]]
    classes = [events(who, next(kinds)) for who in small]
    disclosed += [np.union1d(*both) for both in zip(classes, beside, strict=True)]
    new = np.concatenate(beside)
    for place, behind in enumerate(large[len(small) :]):
        strangers = events(people((500 + 10 * place, 504 + 10 * place)), next(kinds))
        more = events(behind, next(kinds))
        disclosed += [np.union1d(strangers, more), np.union1d(beside[place], more)]
    return events_reveal_few([new], disclosed, SHIFT, K)


@pytest.mark.parametrize(
    ("small", "is_few"),
    [
        ([people((3,)), people((3,))], True),
        ([people((4,)), people((1, 4))], True),
        ([people((3,)), people((3, 6))], False),
        ([people((3,)), people((2, 5))], False),
        ([people((4,)), people((4,)), people((4,))], True),
        ([people((2,)), people((2, 4)), people((4,))], True),
        ([people((3,)), people((1, 4)), people((2, 5))], False),
        ([people((4,))] * 4, True),
        ([people((4,)), people((4,)), people((4,)), people((2, 6))], False),
    ],
)
def test_a_patient_counts_once_in_several_classes_together(small, is_few):
    assert reveals_together(*small) is is_few


WHOLE, EARLIER, ILL = people((50,)), people((20, 50)), people((20,))
SOME, STRANGERS = people((10, 30)), people((100, 140))


@pytest.mark.parametrize(
    ("new", "disclosed", "nested", "is_seen"),
    [
        ([ILL], [WHOLE, EARLIER], [((0,), (1, 2))], True),
        ([WHOLE], [EARLIER, ILL], [((2,), (0, 1))], True),
        ([SOME], [WHOLE, EARLIER], [((0,), (1, 2))], False),
        ([ILL], [WHOLE, STRANGERS], [((0,), (1, 2))], False),
        ([ILL], [WHOLE, SOME], [((0,), (1, 2))], False),
        ([ILL, EARLIER], [WHOLE], [((0, 1), (2,))], True),
        ([ILL, SOME], [WHOLE], [((0, 1), (2,))], False),
        ([ILL, SOME], [ILL[:10], SOME[10:]], [((0, 1, 2, 3), ())], False),
        ([STRANGERS], [WHOLE, EARLIER, ILL], [((3,), (0, 1, 2))], False),
        ([ILL, STRANGERS], [WHOLE, EARLIER, ILL], [((0,), (1, 2, 3))], True),
    ],
    ids=[
        "who has it at last", "the whole at last", "some of them", "no difference",
        "another difference", "in parts", "in parts of some", "sums of their own",
        "others, after all was told", "under a name at last",
    ],
)  # fmt: skip
def test_who_has_something_is_no_sum_of_who_has_less(new, disclosed, nested, is_seen):
    as_events = [[events(group, 1) for group in some] for some in (new, disclosed)]

    assert reveals_few(new, disclosed, EVERYBODY, K, nested) is is_seen
    assert events_reveal_few(*as_events, SHIFT, K, nested) is is_seen


def rank(rows):
    """Return the number of linearly independent rows."""
    columns = list(zip(*rows, strict=True))
    return len(rows) - len(null_space(columns)) if rows else 0


def test_what_sums_have_in_common_is_what_exact_arithmetic_says():
    rng, seen = np.random.default_rng(103), []
    for _ in range(200):
        population = int(rng.integers(6, 16))
        rows = [
            np.flatnonzero(rng.random(population) < rng.choice([0.3, 0.5, 0.8]))
            for _ in range(int(rng.integers(2, 8)))
        ]
        if rng.random() < 0.5:
            rows[0] = np.setxor1d(rows[-1], rows[len(rows) // 2])
        number = int(rng.integers(1, len(rows) + 1))
        more, less = range(number), range(number, len(rows))
        exact = [[Fraction(p in row) for p in range(population)] for row in rows]
        of_less = [*exact[number:], [Fraction(1)] * population]
        both = rank([*exact[:number], *of_less])
        is_shared = rank(exact[:number]) + rank(of_less) > both

        # No class has fewer than one: what is found is what sums have in common.
        nested = [(tuple(more), tuple(less))]
        assert reveals_few(rows, [], population, 1, nested) is is_shared
        seen.append(is_shared)

    assert 50 < sum(seen) < 150
