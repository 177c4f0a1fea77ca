"""Spellings in patients' lists."""

import pytest

from services.core.errors import InvalidInput, NotAllowed
from services.lists.criteria import Criteria, Filter, Group, Operator
from services.patients import search
from services.patients.search import terms
from tests.kit import cast


@pytest.fixture
def allergic_patients(session):
    """One patient for each allergy."""
    allergies = [
        "Penicillin V",
        "penicillin G",
        "PENICILLIN V",
        "Procaine penicillin",
        "Penicillins",
        "Käse (Kuh)",
        "5% glucose",
    ]
    for allergy in allergies:
        cast.add_patient(session, allergies=[allergy], medical_history=[])


def having(session, actor, operator, typed):
    criteria = Criteria(Group(members=(Filter("allergies", operator, typed),)))
    page = search.list_patients(session, actor, criteria)
    return sorted(row.allergies[0] for row in page.rows)


@pytest.mark.usefixtures("allergic_patients")
@pytest.mark.parametrize(
    ("operator", "typed", "expected"),
    [
        (
            Operator.HAS,
            "Penicillin",
            ["PENICILLIN V", "Penicillin V", "Procaine penicillin", "penicillin G"],
        ),
        (Operator.HAS, "penicillin v", ["PENICILLIN V", "Penicillin V"]),
        (Operator.HAS, "kase", ["Käse (Kuh)"]),
        (Operator.HAS, "KUH", ["Käse (Kuh)"]),
        (Operator.HAS, "5%", ["5% glucose"]),
        (Operator.HAS, "%", ["5% glucose"]),
        (Operator.HAS, "cillin", []),
        (Operator.HAS, "_", []),
        (Operator.CONTAINS, "cillins", ["Penicillins"]),
        (Operator.CONTAINS, "ÄSE", ["Käse (Kuh)"]),
        (Operator.CONTAINS, "%", ["5% glucose"]),
        (
            Operator.NOT_EQUAL,
            "penicillin",
            ["5% glucose", "Käse (Kuh)", "Penicillins"],
        ),
    ],
)
def test_words_are_found_whole_and_parts_only_when_asked_for(
    session, clerk, operator, typed, expected
):
    assert having(session, clerk, operator, typed) == expected


def test_what_nobody_has_excludes_nobody(session, clerk, allergic_patients):
    assert len(having(session, clerk, Operator.NOT_EQUAL, "unheard of")) == 7


def test_a_part_that_stands_in_too_many_entries_is_refused(
    session, clerk, allergic_patients, monkeypatch
):
    monkeypatch.setattr(terms, "MAX_SPELLINGS", 3)

    with pytest.raises(InvalidInput, match="Too many entries") as refusal:
        having(session, clerk, Operator.CONTAINS, "penicillin")

    assert refusal.value.property_name == "allergies"


def test_who_may_not_list_is_not_told_what_others_suffer_from(session, admin):
    with pytest.raises(NotAllowed):
        search.list_terms(session, admin, "allergies")


def test_terms_to_choose_from_come_in_order_and_once(session, clerk, allergic_patients):
    listed = search.list_terms(session, clerk, "allergies", limit=3)

    assert len(listed) == 3
    assert list(map(str.lower, listed)) == sorted(map(str.lower, listed))


def test_who_may_not_list_is_offered_no_terms(session, admin):
    with pytest.raises(NotAllowed):
        search.list_terms(session, admin, "allergies")
