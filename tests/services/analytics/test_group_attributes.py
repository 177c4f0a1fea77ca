"""What conditions name, and which groups are compared because of it."""

from datetime import date

import pytest

from services.analytics import queries
from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind, Rule
from services.analytics.group_attributes import NO_ATTRIBUTES, nested_groups
from services.analytics.pseudonymised_lists.sizes import attributes_of_list
from services.analytics.queries.attributes import attributes_of_query
from services.lists.criteria import Combine, Criteria, Filter, Group, Operator

GOUT = CohortEvent(kind=EventKind.DIAGNOSIS, words="gout")
CAME = CohortEvent(kind=EventKind.VISIT, from_age=90, since=date(2025, 1, 1))
A, B = (frozenset(letter) for letter in "ab")
FROM = "SELECT count(*) FROM"


@pytest.mark.parametrize(
    "event",
    [CAME, CohortEvent(kind=EventKind.VITAL, words="weight")],
    ids=["days and ages", "that somebody was measured"],
)
def test_days_ages_and_that_somebody_was_measured_name_nothing(event):
    assert event.attributes == NO_ATTRIBUTES


@pytest.mark.parametrize(
    "event",
    [
        GOUT,
        CohortEvent(kind=EventKind.DIAGNOSIS, code="M10"),
        CohortEvent(kind=EventKind.VITAL, words="weight", at_least=120),
    ],
    ids=["words", "code", "what was measured"],
)
def test_words_codes_and_what_was_measured_name_something(event):
    assert event.attributes


def test_a_cohort_names_more_with_each_step_that_names_something():
    cohort = Cohort(
        entry=CAME,
        steps=(
            (Rule(event=CAME),),
            (Rule(event=GOUT),),
            (Rule(event=CAME), Rule(event=GOUT, has=False)),
        ),
    )

    attribute_sets = [cohort.attributes(passed) for passed in range(4)]

    assert attribute_sets[0] == attribute_sets[1] == NO_ATTRIBUTES
    assert attribute_sets[1] < attribute_sets[2] < attribute_sets[3]
    assert GOUT.attributes <= attribute_sets[2]
    assert not Rule(event=GOUT, has=False).attributes & GOUT.attributes


EXISTS = "EXISTS (SELECT 1 FROM diagnoses d WHERE d.patient_id = v.patient_id AND"
JOINED = "JOIN diagnoses d ON d.patient_id = v.patient_id AND"


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("visits WHERE age >= 90 AND sex = 'male'", 0),
        ("vitals WHERE term = 'Weight'", 0),
        ("vitals WHERE term = 'Weight' AND value > 120", 1),
        ("diagnoses WHERE term = 'Gout' AND age >= 90", 1),
        ("diagnoses WHERE term = 'Gout' AND code LIKE 'M1%'", 2),
        ("diagnoses WHERE term LIKE '%' AND code ILIKE '%%'", 0),
        ("diagnoses WHERE term LIKE '%' AND term LIKE 'g%'", 1),
        ("diagnoses WHERE term = 'Gout' OR age >= 90", 1),
        (f"visits v {JOINED} d.term = 'Gout'", 1),
        (f"visits v {JOINED} d.age < 9", 0),
        (f"visits v WHERE {EXISTS} d.term = 'Gout' AND d.age < 9)", 1),
        (f"visits v WHERE {EXISTS} d.age < 9)", 0),
        (f"visits v WHERE {EXISTS} d.term LIKE '%' AND d.age < 9)", 0),
    ],
)
def test_conditions_of_a_query_are_named_one_by_one(query, number):
    counted = queries.parse(f"{FROM} {query}").counted

    assert len(attributes_of_query(counted)) == number


def test_a_query_with_one_condition_more_names_more():
    less = f"{FROM} diagnoses WHERE term = 'Gout' AND age > 3"
    attribute_sets = [
        attributes_of_query(queries.parse(text).counted)
        for text in (less, f"{less} AND code = 'M10'", less.replace("Gout", "HIV"))
    ]

    assert attribute_sets[0] < attribute_sets[1]
    assert not attribute_sets[0] & attribute_sets[2]


ILL = "EXISTS (SELECT 1 FROM diagnoses d WHERE d.patient_id = v.patient_id AND"
TOOK = "EXISTS (SELECT 1 FROM medications m WHERE m.patient_id = v.patient_id AND"


@pytest.mark.parametrize(
    ("query", "same"),
    [
        (
            f"visits v WHERE {ILL} d.term = 'Gout') AND {TOOK} m.term = 'Quinine')",
            f"visits v WHERE {TOOK} m.term = 'Quinine') AND {ILL} d.term = 'Gout')",
        ),
        (
            f"visits v WHERE {ILL} d.term = 'Gout' AND d.age > 3)",
            (
                "visits v WHERE EXISTS (SELECT 1 FROM diagnoses x WHERE x.age > 3 AND "
                "x.term = 'Gout' AND x.patient_id = v.patient_id)"
            ),
        ),
        (
            f"visits v WHERE NOT {ILL} (d.term = 'Gout' OR d.code = 'M10'))",
            f"visits v WHERE NOT {ILL} (d.code = 'M10' OR d.term = 'Gout'))",
        ),
        (
            (
                "visits v JOIN diagnoses d ON d.patient_id = v.patient_id AND "
                "d.term = 'Gout'"
            ),
            (
                "diagnoses d JOIN visits v ON v.patient_id = d.patient_id "
                "WHERE d.term = 'Gout'"
            ),
        ),
    ],
)
def test_a_query_names_the_same_in_whatever_order_it_is_written(query, same):
    first, second = (
        attributes_of_query(queries.parse(f"{FROM} {text}").counted)
        for text in (query, same)
    )

    assert first == second != NO_ATTRIBUTES


@pytest.mark.parametrize(
    ("condition", "same"),
    [
        ("term = 'Gout'", "'Gout' = term"),
        ("code >= 'M10'", "'M10' <= code"),
        ("value > 120", "120 < value"),
        ("term = 'Gout' AND code <> 'M10'", "'M10' <> code AND 'Gout' = term"),
    ],
)
def test_a_comparison_names_the_same_from_either_side(condition, same):
    view = "vitals" if "value" in condition else "diagnoses"

    first, second = (
        attributes_of_query(queries.parse(f"{FROM} {view} WHERE {each}").counted)
        for each in (condition, same)
    )

    assert first == second != NO_ATTRIBUTES


def test_two_values_that_change_places_are_other_namings():
    first, second = (
        attributes_of_query(
            queries.parse(
                f"{FROM} visits v WHERE {ILL} d.term = '{term}' AND d.code = '{code}')"
            ).counted
        )
        for term, code in (("Gout", "M10"), ("M10", "Gout"))
    )

    assert first != second


def test_of_a_table_by_words_nothing_is_held_against_others():
    text = f"{FROM} diagnoses WHERE age > 3 GROUP BY term".replace(
        "SELECT", "SELECT term,"
    )
    query = queries.parse(text)

    assert query.counted.by == (Dimension.WORDS,)
    assert attributes_of_query(query.counted) is None


def test_filters_of_what_patients_have_are_named_one_by_one():
    born = Filter("birth_year", Operator.LESS_THAN, 1940)
    gout = Filter("medical_history", Operator.HAS, "gout")
    quince = Filter("allergies", Operator.HAS, "quince")
    many = Filter("medication_count", Operator.GREATER_THAN, "4")

    nothing, gout_alone, both, nested, either, taking_many = (
        attributes_of_list(Criteria(where))
        for where in (
            Group(members=(born,)),
            Group(members=(born, gout)),
            Group(members=(gout, born, quince)),
            Group(members=(Group(members=(gout, Group(members=(quince,)))), born)),
            Group(Combine.OR, (born, gout)),
            Group(members=(many,)),
        )
    )

    assert nothing == NO_ATTRIBUTES < gout_alone < both == nested
    assert (len(gout_alone), len(both), len(either), len(taking_many)) == (1, 2, 1, 1)
    assert not either & both


@pytest.mark.parametrize(
    ("new", "disclosed", "expected"),
    [
        ([{A}], [{NO_ATTRIBUTES}], [((0,), (1,))]),
        ([{A}], [], [((0,), ())]),
        ([{NO_ATTRIBUTES}], [{A}, {NO_ATTRIBUTES}], [((1,), (0, 2))]),
        ([{NO_ATTRIBUTES}], [{NO_ATTRIBUTES}], []),
        ([{A}], [{B}], [((0,), ())]),
        ([{A | B}], [{B}, set(), {A | B}], [((0,), (1,))]),
        ([set()], [{A}], []),
    ],
    ids=[
        "words after none",
        "words beside everybody",
        "none after words",
        "no words",
        "other words",
        "more words",
        "by words",
    ],
)
def test_who_names_more_is_held_against_who_names_less(new, disclosed, expected):
    assert nested_groups(new, disclosed) == expected
