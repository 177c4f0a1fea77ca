"""No count is shown that leads to few people, alone or with the counts next to it."""

from itertools import product

import pytest
from hypothesis import given, strategies as st

from services.analytics.cohorts.results import CohortCount, SuppressionReason
from services.analytics.cohorts.suppression import protect_attrition, protect_table

K = 5
FEW, NEARLY_ALL = (
    CohortCount(None, SuppressionReason.FEW),
    CohortCount(None, SuppressionReason.NEARLY_ALL),
)


@pytest.mark.parametrize(
    ("counts", "attrition"),
    [
        ((100, 60, 20), (CohortCount(100), CohortCount(60), CohortCount(20))),
        ((100, 4), (CohortCount(100), FEW)),
        ((100, 0), (CohortCount(100), FEW)),
        ((4, 3, 2), (FEW, FEW, FEW)),
        # Few or none have left: otherwise all others would be known to have passed.
        ((100, 96), (CohortCount(100), NEARLY_ALL)),
        ((100, 100), (CohortCount(100), NEARLY_ALL)),
        # Two steps of three people are six fewer than the last number shown.
        ((100, 97, 94), (CohortCount(100), NEARLY_ALL, CohortCount(94))),
        ((), ()),
    ],
)
def test_an_attrition_tells_no_few(counts, attrition):
    assert protect_attrition(counts, K) == attrition


def test_a_small_cell_takes_another_along_in_each_of_its_lines():
    counts = {
        ("Q1", "female"): (3, 0),
        ("Q1", "male"): (50, 20),
        ("Q2", "female"): (40, 20),
        ("Q2", "male"): (60, 30),
        ("Q3", "female"): (70, 30),
        ("Q3", "male"): (80, 40),
    }

    table = protect_table(counts, K)

    hidden = {key for key, (entered, _) in table.items() if entered is None}
    assert hidden == set(product(("Q1", "Q2"), ("female", "male")))


def test_a_cell_in_which_all_or_none_remain_says_how_many_came_in_only():
    table = protect_table({("a",): (50, 50), ("b",): (50, 2), ("c",): (60, 30)}, K)

    assert table[("a",)] == (50, None)
    assert table[("b",)] == (50, None)


pairs = st.integers(0, 12).flatmap(
    lambda entered: st.tuples(st.just(entered), st.integers(0, entered))
)
tables = st.tuples(st.integers(1, 4), st.integers(1, 4)).flatmap(
    lambda size: st.lists(
        pairs, min_size=size[0] * size[1], max_size=size[0] * size[1]
    ).map(
        lambda numbers: dict(
            zip(
                product(map(str, range(size[0])), map(str, range(size[1]))),
                numbers,
                strict=True,
            )
        )
    )
)


@given(tables)
def test_with_every_sum_known_nothing_below_k_can_be_told(counts):
    table = protect_table(counts, K)

    for key, (entered, remaining) in table.items():
        assert entered in {None, counts[key][0]}
        assert remaining is None or min(remaining, counts[key][0] - remaining) >= K
        assert entered is None or entered >= K
    for line in every_line(counts):
        for place, number in enumerate((entered_of, remaining_of, gone_of)):
            hidden = [key for key in line if table[key][min(place, 1)] is None]
            if hidden and len(hidden) < len(line):
                assert len(hidden) > 1
                assert sum(number(counts[key]) for key in hidden) >= K


@pytest.mark.parametrize(
    ("outside", "numbers"),
    [(0, (9, 20)), (3, (None, 20)), (K, (9, 20))],
    ids=["nobody", "few", "enough"],
)
def test_few_who_are_in_no_cell_do_not_follow_from_a_whole_table(outside, numbers):
    counts = {("female",): (9, 9), ("male",): (20, 20)}

    table = protect_table(counts, K, outside=outside)

    assert tuple(number for number, _ in table.values()) == numbers


def every_line(counts):
    yield list(counts)
    for place in range(2):
        for value in {key[place] for key in counts}:
            yield [key for key in counts if key[place] == value]


def entered_of(pair):
    return pair[0]


def remaining_of(pair):
    return pair[1]


def gone_of(pair):
    return pair[0] - pair[1]
