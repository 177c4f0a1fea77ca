"""Criteria as JSON."""

import json

import pytest
from hypothesis import given, strategies as st

from services.core.errors import InvalidInput
from services.lists import criteria
from services.lists.criteria import (
    Combine,
    Criteria,
    Direction,
    Filter,
    Group,
    Operator,
    Order,
)

texts = st.text(max_size=20)
filters = st.builds(
    Filter,
    texts,
    st.sampled_from(Operator),
    st.one_of(texts, st.booleans(), st.lists(texts, max_size=3).map(tuple)),
)
groups = st.recursive(
    st.builds(Group, st.sampled_from(Combine)),
    lambda inner: st.builds(
        Group,
        st.sampled_from(Combine),
        st.lists(filters | inner, max_size=3).map(tuple),
    ),
    max_leaves=4,
).filter(lambda group: group.depth() <= criteria.MAX_DEPTH)
orders = st.lists(st.builds(Order, texts, st.sampled_from(Direction)), max_size=3)
anything = st.builds(Criteria, groups, texts, orders.map(tuple), st.booleans())


@given(anything)
def test_criteria_come_back_from_json_as_they_were(list_criteria):
    kept = json.loads(json.dumps(criteria.to_json(list_criteria)))

    assert criteria.from_json(kept) == list_criteria


GOOD = criteria.to_json(
    Criteria(Group(members=(Filter("sex", Operator.EQUAL, "male"),)))
)


@pytest.mark.parametrize(
    "kept",
    [
        {},
        [],
        None,
        GOOD | {"where": []},
        GOOD | {"where": {"combine": "XOR", "members": []}},
        GOOD | {"where": {"combine": "AND", "members": [{"field": "sex"}]}},
        GOOD | {"where": {"combine": "AND", "members": [1]}},
        GOOD | {"search": None},
        GOOD | {"archived": "yes"},
        GOOD | {"orders": [{"field": "sex", "direction": "UP"}]},
        GOOD | {"orders": [{"field": 7, "direction": "ASC"}]},
    ],
    ids=str,
)
def test_json_that_is_something_else_is_refused(kept):
    with pytest.raises(InvalidInput, match="build the list again"):
        criteria.from_json(kept)


def test_json_nested_without_end_is_refused():
    where = {"combine": "AND", "members": []}
    for _ in range(200):
        where = {"combine": "AND", "members": [where]}

    with pytest.raises(InvalidInput):
        criteria.from_json(GOOD | {"where": where})
