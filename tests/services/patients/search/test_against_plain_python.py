"""Whatever the criteria, SQL returns the same as plain Python: patients and order."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st
from sqlalchemy.orm import Session

from services.lists.criteria import (
    Combine,
    Criteria,
    Direction,
    Filter,
    Group,
    Kind,
    Operator,
    Order,
)
from services.patients import search
from services.patients.search.fields import FIELDS
from tests.services.patients.search import population
from tests.services.patients.search.conftest import CLINICIAN, NOW

WORDS = sorted(
    {
        word
        for words in (
            population.FIRST_NAMES,
            population.LAST_NAMES,
            population.ALLERGIES,
            population.HISTORY,
            population.MEDICINES,
            [street for street in population.STREETS if street],
            ["P7@example.ORG", "latex subst", "penicillin", "asthma", "René"],
        )
        for word in words
    }
)
pieces = st.sampled_from(WORDS).flatmap(
    lambda word: st.builds(
        lambda a, b: word[min(a, b) : max(a, b) + 1],
        st.integers(0, len(word) - 1),
        st.integers(0, len(word) - 1),
    )
)
texts = st.one_of(
    st.sampled_from(WORDS), pieces, st.text("aeimnüß%_\\'(-", min_size=1, max_size=3)
).filter(str.strip)
days = st.sampled_from(
    [
        *("1980-01-01", "1956-02-29", "2026-11-19", "2026-11-20", "2000-11-20"),
        *("1970-11-19", "1980", "2026"),
    ]
)
spans = st.builds(
    lambda count, unit: f"{count} {unit}",
    st.sampled_from([1, 2, 7, 30, 500]),
    st.sampled_from(["days", "weeks"]),
)
VALUES = {
    Kind.TEXT: texts,
    Kind.LIST: texts,
    Kind.PHONE: st.sampled_from(["+49 30 1234", "493012340", "12", "0", "030/1234"]),
    Kind.DATE: days,
    Kind.TIMESTAMP: days,
    Kind.AGE: st.integers(0, 100).map(str),
    Kind.NUMBER: st.integers(0, 5).map(str),
    Kind.YEAR: st.integers(1930, 2030).map(str),
    Kind.CHOICE: st.sampled_from(["female", "Male", "other"]),
    Kind.FLAG: st.sampled_from(["true", "false"]),
    Kind.ID: st.uuids(version=4).map(str),
}


def _in_order(ends):
    # A year that contains a day is neither before nor after it.
    return tuple(sorted(ends, key=lambda end: end if "-" in end else f"{end:0>4}-00"))


@st.composite
def filters(draw):
    field = draw(st.sampled_from(list(FIELDS.values())))
    operator = draw(st.sampled_from(field.comparisons))
    values = VALUES[field.kind]
    if operator is Operator.IS_EMPTY:
        values = st.booleans()
    elif operator is Operator.IN:
        values = st.lists(values, min_size=1, max_size=3).map(tuple)
    elif operator is Operator.BETWEEN:
        values = st.tuples(values, values).map(_in_order)
    elif operator is Operator.IN_THE_LAST:
        values = spans
    return Filter(field.name, operator, draw(values))


groups = st.recursive(
    st.lists(filters(), max_size=2).map(lambda f: Group(Combine.AND, tuple(f))),
    lambda inner: st.builds(
        Group,
        st.sampled_from(Combine),
        st.lists(filters() | inner, max_size=3).map(tuple),
    ),
    max_leaves=3,
)
sortable = [field.name for field in FIELDS.values() if field.is_sortable]
orders = st.lists(
    st.builds(Order, st.sampled_from(sortable), st.sampled_from(Direction)),
    max_size=3,
    unique_by=lambda order: order.field.replace("age", "date_of_birth"),
).map(tuple)
searches = st.lists(
    pieces.filter(lambda piece: piece.strip().isalpha()), max_size=2
).map(" ".join)
lists = st.builds(Criteria, groups, searches | st.just(""), orders, st.booleans())
patiently = settings(
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)


SAMPLES = {
    Kind.TEXT: ("Muller", "an", "1 High Street", "p7@example.org", "René"),
    Kind.LIST: ("penicillin", "latex", "asthma", "aspirin", "cillin"),
    Kind.PHONE: ("+49 301234", "12"),
    Kind.DATE: ("1980-01-01", "2000-11-20", "1980"),
    Kind.TIMESTAMP: ("2026-11-19", "2026-11-15", "2026"),
    Kind.AGE: ("46", "30", "70"),
    Kind.NUMBER: ("0", "1", "2"),
    Kind.YEAR: ("1980", "2000", "1931"),
    Kind.CHOICE: ("female", "Male"),
    Kind.FLAG: ("true", "false"),
    Kind.ID: ("01890a5d-ac96-774b-bcce-b302099a8057",),
}


def _samples(kind, operator):
    match operator:
        case Operator.IS_EMPTY:
            return (True, False)
        case Operator.IN:
            return [(value,) for value in SAMPLES[kind]]
        case Operator.BETWEEN:
            return [_in_order(ends) for ends in pairwise(SAMPLES[kind])]
        case Operator.IN_THE_LAST:
            return ("1 days", "5 days", "900 weeks")
        case _:
            return SAMPLES[kind]


@pytest.mark.parametrize("field", FIELDS.values(), ids=lambda field: field.name)
def test_every_operator_of_every_field_is_right(visit, plain_python, field):
    for operator in field.comparisons:
        for typed in _samples(field.kind, operator):
            criteria = Criteria(Group(members=(Filter(field.name, operator, typed),)))

            page = search.list_patients(visit, CLINICIAN, criteria, size=500, now=NOW)

            assert [row.id for row in page.rows] == plain_python.ids(criteria), criteria


@settings(patiently, max_examples=150)
@given(criteria=lists)
@example(criteria=Criteria())
@example(criteria=Criteria(orders=(Order("email", Direction.DESC), Order("age"))))
def test_the_first_page_and_the_count_are_right(town, plain_python, criteria):
    expected = plain_python.ids(criteria)

    with Session(town) as session:
        page = search.list_patients(session, CLINICIAN, criteria, size=500, now=NOW)
        count = search.count_patients(session, CLINICIAN, criteria, now=NOW)

    assert [row.id for row in page.rows] == expected
    assert (count.value, count.is_exact) == (len(expected), True)


@settings(patiently, max_examples=25)
@given(archived=st.booleans(), chosen=orders, size=st.sampled_from([7, 40, 100]))
def test_paging_visits_everybody_once_in_both_directions(
    town, plain_python, archived, chosen, size
):
    criteria = Criteria(orders=chosen, archived=archived)
    expected = plain_python.ids(criteria)

    assert forwards(town, criteria, size) == expected
    assert backwards(town, criteria, size) == expected


def forwards(town, criteria, size):
    seen, after = [], None
    with Session(town) as session:
        while True:
            page = search.list_patients(
                session, CLINICIAN, criteria, size=size, after=after, now=NOW
            )
            assert (page.previous is None) == (after is None)
            seen += [row.id for row in page.rows]
            if page.next is None:
                return seen
            after = page.next


def backwards(town, criteria, size):
    seen, position = [], {"last": True}
    with Session(town) as session:
        while True:
            page = search.list_patients(
                session, CLINICIAN, criteria, size=size, **position, now=NOW
            )
            assert (page.next is None) == ("last" in position)
            seen = [row.id for row in page.rows] + seen
            if page.previous is None:
                return seen
            position = {"before": page.previous}
